// Sums over positions of K and T for pairs of inputs, a thread block each: see cuda.py, which defines before this text
//
//   REAL                float or double
//   HEIGHT, WIDTH       positions of an input
//   CHANNELS            of an input
//   ACTIVATIONS         in the program
//   PLANES, ACROSS      planes of pairs of positions, and how many of them have one offset along the height
//   END_H, END_W        positions behind the last step
//   EACH, THREADS       consecutive rows that a thread holds; threads of a block
//   MARGIN              zeros around a plane that windows may read
//   P_SERIES, Q_SERIES  coefficients of arccosine.py, the highest first
//   STEPS               calls of `window` and `activation`, in order
//
// An entry of a plane of offset (dh, dw) is the pair of a position (h, w) with ((h + dh) mod HEIGHT, (w + dw) mod WIDTH).
// What is no neighbour is multiplied by zero rather than passed over: a thread that waits for none is faster.

#define LOOP _Pragma("unroll") for

constexpr int POSITIONS = HEIGHT * WIDTH;
constexpr bool FULL = HEIGHT % EACH == 0 && THREADS == WIDTH * (HEIGHT / EACH);

// Operands of an instruction lie here at no cost, where double precision has no room for numbers within it.
__constant__ REAL P[] = P_SERIES, Q[] = Q_SERIES;

// The two inputs of a block.
struct Pair {
  const REAL *x1, *v1, *r1, *q1, *x2, *r2, *q2;
};

// The entries of a thread in a plane.
struct Entries {
  int top, w, w2;                 // first row; column, and that of the partners
  int mine, partner[EACH];        // positions, of the first row and of the partners
  int first[EACH], last[EACH];    // smaller and larger row of each entry
  bool itself;                    // both units of each are one

  __device__ bool exists(int m) const { return FULL || top + m < HEIGHT; }
};

struct Shown {
  REAL k[POSITIONS + 2 * MARGIN], t[POSITIONS + 2 * MARGIN];
};

template <int N>
__device__ REAL polynomial(const REAL (&series)[N], REAL t) {
  REAL value = series[0];
  LOOP (int n = 1; n < N; n++) value = value * t + series[n];
  return value;
}

__device__ REAL clipped(REAL u) { return min(max(u, REAL(-1)), REAL(1)); }

// arcsin u, and the part of sqrt(1 - u^2) + u arcsin u that is not (pi/2) |u|.
__device__ void moments(REAL u, REAL &angle, REAL &bend) {
  const REAL t = REAL(1) - abs(u), root = sqrt(t);
  angle = copysign(REAL(1.5707963267948966) - root * polynomial(P, t), u);
  bend = root * t * polynomial(Q, t);
}

__device__ void place(Entries &at, int plane) {
  const int dh = plane / ACROSS, dw = plane % ACROSS;
  at.w2 = at.w + dw < WIDTH ? at.w + dw : at.w + dw - WIDTH;
  LOOP (int m = 0; m < EACH; m++) {
    const int h = at.top + m, h2 = h + dh < HEIGHT ? h + dh : h + dh - HEIGHT;
    at.partner[m] = h2 * WIDTH + at.w2;
    at.first[m] = min(h, h2);
    at.last[m] = max(h, h2);
  }
}

// Means over channels of products of pixels; T is zero.
__device__ void begin(const Entries &at, const Pair &in, REAL (&k)[EACH], REAL (&t)[EACH]) {
  LOOP (int m = 0; m < EACH; m++) {
    k[m] = t[m] = 0;
    if (!at.exists(m)) continue;
    const int a = (at.top + m) * CHANNELS * WIDTH + at.w;
    const int b = at.partner[m] * CHANNELS - at.w2 * (CHANNELS - 1);  // rows hold channels, and these columns
    LOOP (int c = 0; c < CHANNELS; c++) k[m] += in.x1[a + c * WIDTH] * in.x2[b + c * WIDTH];
    k[m] *= REAL(1) / CHANNELS;
  }
}

// Box sums of both, of which SIZE positions before the window are taken: those within both inputs.
template <bool WITH_T, int KH, int KW, int BEFORE_H, int BEFORE_W, int SIZE_H, int SIZE_W>
__device__ void slide(const Entries &at, REAL (&k)[EACH], REAL (&t)[EACH], Shown &shown) {
  __syncthreads();
  LOOP (int m = 0; m < EACH; m++) {
    if (!at.exists(m)) continue;
    shown.k[MARGIN + at.mine + m * WIDTH] = k[m];
    if (WITH_T) shown.t[MARGIN + at.mine + m * WIDTH] = t[m];
  }
  __syncthreads();
  REAL within[KW], row_k[EACH + KH - 1], row_t[EACH + KH - 1];
  const int left = min(at.w, at.w2), right = max(at.w, at.w2);
  LOOP (int o = 0; o < KW; o++) within[o] = left + o >= BEFORE_W && right + o < BEFORE_W + SIZE_W ? 1 : 0;
  LOOP (int r = 0; r < EACH + KH - 1; r++) {
    row_k[r] = row_t[r] = 0;
    if (!FULL && at.top + r >= HEIGHT + KH) continue;
    LOOP (int o = 0; o < KW; o++) {
      const int source = MARGIN + at.mine + (r - BEFORE_H) * WIDTH - BEFORE_W + o;
      row_k[r] += within[o] * shown.k[source];
      if (WITH_T) row_t[r] += within[o] * shown.t[source];
    }
  }
  LOOP (int m = 0; m < EACH; m++) {
    k[m] = t[m] = 0;
    LOOP (int o = 0; o < KH; o++) {
      const REAL neighbour = at.first[m] + o >= BEFORE_H && at.last[m] + o < BEFORE_H + SIZE_H ? 1 : 0;
      k[m] += neighbour * row_k[m + o];
      if (WITH_T) t[m] += neighbour * row_t[m + o];
    }
  }
}

// Weights over a window, see program.py; SIZE: positions before it.
template <bool WITH_T, int KH, int KW, int BEFORE_H, int BEFORE_W, int SIZE_H, int SIZE_W>
__device__ void window(const Entries &at, REAL (&k)[EACH], REAL (&t)[EACH], Shown &shown, REAL weight, REAL bias,
                       REAL own, REAL own_bias) {
  if (KH * KW > 1) slide<WITH_T, KH, KW, BEFORE_H, BEFORE_W, SIZE_H, SIZE_W>(at, k, t, shown);
  LOOP (int m = 0; m < EACH; m++) {
    t[m] = weight * t[m] + own * k[m] + own_bias;
    k[m] = weight * k[m] + bias;
  }
}

// CODE 1: max(x, 0) + alpha min(x, 0), with a and b of rectifiers.py and square = (1 + alpha^2) / 2; CODE 2: erf.
template <int CODE, int NUMBER>
__device__ void activation(const Entries &at, const Pair &in, REAL (&k)[EACH], REAL (&t)[EACH], REAL a, REAL b,
                           REAL square, REAL alpha) {
  const REAL per_pi = REAL(0.6366197723675814);
  LOOP (int m = 0; m < EACH; m++) {
    if (!at.exists(m)) continue;
    const int mine = NUMBER * POSITIONS + at.mine + m * WIDTH, other = NUMBER * POSITIONS + at.partner[m];
    REAL slope;
    if (at.itself) {
      const REAL v = in.v1[mine], inverse = REAL(1) / sqrt(REAL(1) + REAL(4) * v);
      k[m] = CODE == 1 ? square * v : per_pi * atan(REAL(2) * v * inverse);
      slope = CODE == 1 ? square : REAL(2) * per_pi * inverse;
    } else {
      const REAL r1 = in.r1[mine], r2 = in.r2[other];
      REAL angle, bend;
      if (CODE == 1) {
        moments(clipped(k[m] * (r1 * r2)), angle, bend);
        const REAL straight = square * max(k[m], REAL(0)) + alpha * min(k[m], REAL(0));
        k[m] = straight + b * in.q1[mine] * in.q2[other] * bend;
        slope = a + b * angle;
      } else {
        const REAL u = clipped(REAL(2) * k[m] * (r1 * r2));
        moments(u, angle, bend);
        const REAL gap = max((REAL(1) - u) * (REAL(1) + u), r1 * r1 + r2 * r2 - r1 * r1 * r2 * r2);
        k[m] = per_pi * angle;
        slope = REAL(2) * per_pi * r1 * r2 / sqrt(gap);
      }
    }
    t[m] *= slope;
  }
}

__device__ double sum_of_block(double part, double *gathered) {
  __syncthreads();
  gathered[threadIdx.x] = part;
  int count = THREADS;
  while (count > 1) {
    const int half = (count + 1) / 2;
    __syncthreads();
    if (threadIdx.x + half < count) gathered[threadIdx.x] += gathered[threadIdx.x + half];
    count = half;
  }
  __syncthreads();
  return gathered[0];
}

// out (2, parts, pairs): sums of K and T over every gridDim.y-th plane. Pairs are all of n1 x n2, or n1 inputs with
// themselves.
extern "C" __global__ void __launch_bounds__(THREADS)
    sums(const REAL *x1, const REAL *v1, const REAL *r1, const REAL *q1, const REAL *x2, const REAL *r2, const REAL *q2,
         int n2, int with_itself, double *out) {
  __shared__ Shown shown;
  __shared__ double gathered[THREADS];
  const long pair = blockIdx.x, one = POSITIONS * CHANNELS, units = ACTIVATIONS * POSITIONS;
  const long i = with_itself ? pair : pair / n2, j = with_itself ? pair : pair % n2;
  const Pair in = {x1 + i * one, v1 + i * units, r1 + i * units, q1 + i * units,
                   x2 + j * one, r2 + j * units, q2 + j * units};
  for (int n = threadIdx.x; n < POSITIONS + 2 * MARGIN; n += THREADS) shown.k[n] = shown.t[n] = 0;
  Entries at;
  at.top = threadIdx.x / WIDTH * EACH;
  at.w = threadIdx.x % WIDTH;
  at.mine = at.top * WIDTH + at.w;
  double total_k = 0, total_t = 0;
  for (int plane = blockIdx.y; plane < PLANES; plane += gridDim.y) {
    place(at, plane);
    at.itself = with_itself && plane == 0;
    REAL k[EACH], t[EACH];
    begin(at, in, k, t);
    STEPS
    LOOP (int m = 0; m < EACH; m++) {
      if (!at.exists(m) || at.last[m] >= END_H || max(at.w, at.w2) >= END_W) continue;
      total_k += k[m];
      total_t += t[m];
    }
  }
  total_k = sum_of_block(total_k, gathered);
  total_t = sum_of_block(total_t, gathered);
  if (threadIdx.x == 0) {
    out[(long)blockIdx.y * gridDim.x + pair] = total_k;
    out[((long)gridDim.y + blockIdx.y) * gridDim.x + pair] = total_t;
  }
}
