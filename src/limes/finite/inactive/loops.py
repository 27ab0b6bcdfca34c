"""Compiled loops over neurons: one step of gradient descent on lists of candidates.

Each loop runs over neurons lo to hi - 1 and may be called from several threads with disjoint ranges; they share
nothing but what they read, each has its own `sums`. The arrays are those of `limes.finite.inactive.lists.Lists`:
neuron r has its `count[r]` candidates in ``index[start[r]:]``, the first `active[r]` of which were active, and
members of the batch, in the last forward pass. Where `kind[r]` is not LISTED the loops pass over it.
"""

from typing import Any

import numba
import numpy as np

LISTED, DENSE, EXPIRED = 0, 1, 2
LIVES = 9  # skins that are considered: for 2, 4, ... 512 steps of the neuron's last speed
SAMPLE = 128  # examples on which their prices are compared

_compiled: Any = numba.njit(fastmath={"contract", "nsz", "nnan", "reassoc"}, nogil=True, cache=True)


_inlined: Any = numba.njit(inline="always")


@_inlined
def _pull(readout, r, errors, i, rate):
    """The step of neuron r along example i: -rate a_r . e_i."""
    total = readout[r, 0] * errors[i, 0]
    for k in range(1, readout.shape[1]):
        total += readout[r, k] * errors[i, k]
    return -rate * total


@_inlined
def _note(sums, i, readout, r, z):
    for k in range(readout.shape[1]):
        sums[k, i] += readout[r, k] * z


@_compiled
def _above(values, edge):
    """How many of the values lie above the edge."""
    found = 0
    for k in range(values.size):
        found += values[k] > edge
    return found


@_compiled
def move_rows(lo, hi, net, data, lists, step, sums):
    """A step on the weights of each listed neuron, then its outputs on its candidates.

    The update w += sum_i c_i x_i, b -= sum_i c_i runs over the active examples of the last pass; the rows of x that it
    fetches are those that the next products need, so both passes are made in one.

    Args:
        lo, hi: range of neurons.
        net: weights (m, d), thresholds (m,), read-out (m, c) with its factor 1/sqrt(m).
        data: inputs (n, d).
        lists: kind, start, count, active, index, path, skin.
        step: errors (n, c), member (n,) whether a row is in the batch of the next pass, and the numbers rate, reach
            (the largest |x|), slack (what rounding may add to a step), and 1 or 0 for trained or frozen thresholds.
        sums: (c, n) outputs, added to.
    """
    weights, thresholds, readout = net
    kind, start, count, active, index, path, skin = lists
    errors, member, rate, reach, slack, free = step
    change = np.empty(weights.shape[1], weights.dtype)
    for r in range(lo, hi):
        if kind[r] != LISTED:
            continue
        s, w = start[r], weights[r]
        if active[r] > 0:
            change[:] = 0
            total = rate * 0
            for t in range(active[r]):
                i = index[s + t]
                pull = _pull(readout, r, errors, i, rate)
                total += pull
                for k in range(change.size):
                    change[k] += pull * data[i, k]
            square = rate * 0
            for k in range(change.size):
                square += change[k] * change[k]
                w[k] += change[k]
            thresholds[r] -= free * total
            path[r] += np.sqrt(square) * reach + free * abs(total) + slack
        if path[r] >= skin[r]:
            kind[r] = EXPIRED
            continue
        found = 0
        b = thresholds[r]
        for t in range(count[r]):
            i = index[s + t]
            if not member[i]:
                continue
            z = -b
            for k in range(w.size):
                z += w[k] * data[i, k]
            if z > 0:
                index[s + t] = index[s + found]
                index[s + found] = i
                found += 1
                _note(sums, i, readout, r, z)
        active[r] = found


@_compiled
def move_gram(lo, hi, readout, gram, lists, values, step, sums):
    """The same step on pre-activations: z_i += sum_j c_j (K_ij + 1), with the weights left where they are.

    Args:
        lo, hi: range of neurons.
        readout: (m, c).
        gram: K = x x^T (n, n).
        lists: as for `move_rows`.
        values: pre-activations and sums of the c_j of each candidate, beside `index`.
        step: as for `move_rows`.
        sums: (c, n) outputs, added to.
    """
    kind, start, count, active, index, path, skin = lists
    pre, moved = values
    errors, member, rate, reach, slack, free = step
    pulls = np.empty(gram.shape[0], gram.dtype)
    change = np.empty(gram.shape[0], gram.dtype)
    for r in range(lo, hi):
        if kind[r] != LISTED:
            continue
        s, n_active, n_listed = start[r], active[r], count[r]
        mine = index[s : s + n_listed]
        if n_active > 0:
            total = rate * 0
            for t in range(n_active):
                pull = _pull(readout, r, errors, mine[t], rate)
                pulls[t] = pull
                moved[s + t] += pull
                total += pull
            change[:n_listed] = 0
            for t in range(0, n_active - 3, 4):  # four rows at a time: their entries come from far away
                row0, row1, row2, row3 = gram[mine[t]], gram[mine[t + 1]], gram[mine[t + 2]], gram[mine[t + 3]]
                pull0, pull1, pull2, pull3 = pulls[t], pulls[t + 1], pulls[t + 2], pulls[t + 3]
                for u in range(n_listed):
                    i = mine[u]
                    change[u] += (pull0 * row0[i] + pull1 * row1[i]) + (pull2 * row2[i] + pull3 * row3[i])
            for t in range(n_active - n_active % 4, n_active):
                row, pull = gram[mine[t]], pulls[t]
                for u in range(n_listed):
                    change[u] += pull * row[mine[u]]
            square = rate * 0
            for t in range(n_active):
                square += pulls[t] * change[t]
            for u in range(n_listed):
                pre[s + u] += change[u] + free * total
            path[r] += np.sqrt(max(square, rate * 0)) * reach + free * abs(total) + slack
        if path[r] >= skin[r]:
            kind[r] = EXPIRED
            continue
        found = 0
        for t in range(n_listed):
            i, z = mine[t], pre[s + t]
            if z > 0 and member[i]:
                mine[t], pre[s + t] = mine[found], pre[s + found]
                mine[found], pre[s + found] = i, z
                moved[s + t], moved[s + found] = moved[s + found], moved[s + t]
                found += 1
                _note(sums, i, readout, r, z)
        active[r] = found


@_compiled
def settle(lo, hi, rows, net, data, lists, values, free):
    """Bring the steps that `move_gram` made on pre-activations into weights and thresholds, for rows[lo:hi]."""
    weights, thresholds = net
    _, start, count, _, index, _, _ = lists
    _, moved = values
    for r in rows[lo:hi]:
        s, w = start[r], weights[r]
        total = free * 0
        for t in range(count[r]):
            c = moved[s + t]
            if c != 0:
                total += c
                i = index[s + t]
                for k in range(w.size):
                    w[k] += c * data[i, k]
                moved[s + t] = 0
        thresholds[r] -= free * total


@_compiled
def judge(lo, hi, z, speed, cost, least, counts, skins):
    """For rows of pre-activations, how wide a skin pays, and how many candidates it makes; a count of -1 for none.

    A skin of 2^k steps of a neuron's speed lets it live for so long; each step costs its candidates and its active
    examples, and a life costs one refresh. Where all of this exceeds a step by matrix products, it is not listed.
    The price is estimated on every few examples, the number of candidates is exact.

    Args:
        lo, hi: range of rows of z.
        z: (k, n).
        speed: (k,) motion of a step.
        cost: of a candidate, of an active example, of their product (Gram form), of a refresh for each of the n, and
            of a step by products for each of the n.
        least: the skin below which rounding rules.
        counts, skins: (k,), written.
    """
    n = z.shape[1]
    every = max(1, n // SAMPLE)
    sample = np.empty((n + every - 1) // every, z.dtype)
    per_candidate, per_active, per_pair, per_refresh, per_product = cost
    for row in range(lo, hi):
        for k in range(sample.size):
            sample[k] = z[row, k * every]
        unit, n_active = max(speed[row] * 2, least), every * _above(sample, speed[row] * 0)
        best, chosen = per_product * n, -1
        for life in range(LIVES):
            listed = every * _above(sample, -unit * 2**life)
            price = per_candidate * listed + per_active * n_active + per_pair * listed * n_active
            price += per_refresh * n / 2.0 ** (life + 1)
            if price < best:
                best, chosen = price, life
        counts[row] = -1
        if chosen >= 0:
            skins[row] = unit * 2**chosen
            counts[row] = _above(z[row], -skins[row])


@_compiled
def enlist(lo, hi, rows, z, member, readout, lists, values, masks, slot, slack, sums):
    """Write the candidates of freshly computed rows, active members first, and add their outputs.

    Args:
        lo, hi: range of rows of z.
        rows: (k,) their neurons; those with kind LISTED have room for one more than their candidates, those with
            kind DENSE a row of `masks`.
        z: (k, n) pre-activations.
        member, readout, lists, values: as for the moves; values of length 0 where the Gram form is not used.
        masks: (., n) which examples were active members, for neurons without a list.
        slot: (m,) their rows of `masks`.
        slack: by how much rounding may have moved z.
        sums: (c, n) outputs, added to.
    """
    kind, start, count, active, index, path, skin = lists
    pre, moved = values
    for row in range(lo, hi):
        r = rows[row]
        found = 0
        if kind[r] == DENSE:
            mine, row_of = masks[slot[r]], z[row]
            for i in range(mine.size):
                mine[i] = (row_of[i] > 0) & member[i]
                found += mine[i]
            for k in range(readout.shape[1]):
                a, total = readout[r, k], sums[k]
                for i in range(mine.size):
                    total[i] += a * (row_of[i] if mine[i] else row_of[i] * 0)
            active[r] = found
            continue
        mine, edge, listed = index[start[r] :], -skin[r], 0
        for i in range(z.shape[1]):  # without a branch, which nobody could predict
            mine[listed] = i
            listed += z[row, i] > edge
        for t in range(listed):
            i = mine[t]
            if z[row, i] > 0 and member[i]:
                mine[t] = mine[found]
                mine[found] = i
                found += 1
                _note(sums, i, readout, r, z[row, i])
        count[r], active[r], path[r] = listed, found, slack
        if pre.size:
            for t in range(listed):
                pre[start[r] + t] = z[row, mine[t]]
                moved[start[r] + t] = 0


@_compiled
def pack(order, start, count, room, old, new):
    """Copy the lists of neurons, in the given order, one behind another with the given room."""
    place = 0
    for r in order:
        s = start[r]
        for t in range(count[r]):
            new[place + t] = old[s + t]
        start[r] = place
        place += room[r]
