// Sums over positions of K and T for pairs of inputs, a thread block each: see cuda.py, which defines before this text
//
//   REAL              float or double
//   HEIGHT, WIDTH     positions of an input
//   CHANNELS          of an input
//   ACTIVATIONS       in the program
//   PLANES, ACROSS    planes of pairs of positions, and how many of them have one offset along the height
//   END_H, END_W      positions behind the last step
//   EACH, THREADS     consecutive rows that a thread holds; threads of a block
//   P_SERIES, Q_SERIES  coefficients of arccosine.py, the highest first
//   STEPS             calls of `window` and `activation`, in order
//
// An entry of a plane of offset (dh, dw) is the pair of a position (h, w) with ((h + dh) mod HEIGHT, (w + dw) mod WIDTH).

#define LOOP _Pragma("unroll") for

struct Plane {
  int top, w, dh, dw, w2;  // first row of this thread and its column; offset; column of the partner
  long first, second;      // which inputs
  bool itself;             // both units of an entry are one

  __device__ int partner(int h) const { return h + dh < HEIGHT ? h + dh : h + dh - HEIGHT; }
};

struct Inputs {
  const REAL *x1, *v1, *r1, *q1, *x2, *r2, *q2;
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
  const REAL p[] = P_SERIES, q[] = Q_SERIES;
  const REAL t = REAL(1) - abs(u), root = sqrt(t);
  angle = copysign(REAL(1.5707963267948966) - root * polynomial(p, t), u);
  bend = root * t * polynomial(q, t);
}

// Means over channels of products of pixels; T is zero.
__device__ void begin(const Plane &at, const Inputs &in, REAL (&k)[EACH], REAL (&t)[EACH]) {
  LOOP (int m = 0; m < EACH; m++) {
    const int h = at.top + m;
    k[m] = t[m] = 0;
    if (h >= HEIGHT) continue;
    const REAL *a = in.x1 + (at.first * HEIGHT + h) * CHANNELS * WIDTH + at.w;
    const REAL *b = in.x2 + (at.second * HEIGHT + at.partner(h)) * CHANNELS * WIDTH + at.w2;
    LOOP (int c = 0; c < CHANNELS; c++) k[m] += a[c * WIDTH] * b[c * WIDTH];
    k[m] *= REAL(1) / CHANNELS;
  }
}

// Box sums of both, of which SIZE positions before the window are taken: those within both inputs.
template <bool WITH_T, int KH, int KW, int BEFORE_H, int BEFORE_W, int SIZE_H, int SIZE_W>
__device__ void slide(const Plane &at, REAL (&k)[EACH], REAL (&t)[EACH], REAL *shown_k, REAL *shown_t) {
  __syncthreads();
  LOOP (int m = 0; m < EACH; m++) {
    if (at.top + m >= HEIGHT) continue;
    shown_k[(at.top + m) * WIDTH + at.w] = k[m];
    if (WITH_T) shown_t[(at.top + m) * WIDTH + at.w] = t[m];
  }
  __syncthreads();
  REAL row_k[EACH + KH - 1], row_t[EACH + KH - 1];
  const int first_w = BEFORE_W - min(at.w, at.w2), last_w = BEFORE_W + SIZE_W - max(at.w, at.w2);
  LOOP (int r = 0; r < EACH + KH - 1; r++) {
    const int row = at.top - BEFORE_H + r;
    row_k[r] = row_t[r] = 0;
    if (row < 0 || row >= HEIGHT) continue;
    LOOP (int o = 0; o < KW; o++) {
      if (o < first_w || o >= last_w) continue;
      const int source = row * WIDTH + at.w - BEFORE_W + o;
      row_k[r] += shown_k[source];
      if (WITH_T) row_t[r] += shown_t[source];
    }
  }
  LOOP (int m = 0; m < EACH; m++) {
    const int h = at.top + m, h2 = at.partner(h);
    const int first_h = BEFORE_H - min(h, h2), last_h = BEFORE_H + SIZE_H - max(h, h2);
    k[m] = t[m] = 0;
    LOOP (int o = 0; o < KH; o++) {
      if (o < first_h || o >= last_h) continue;
      k[m] += row_k[m + o];
      if (WITH_T) t[m] += row_t[m + o];
    }
  }
}

// Weights over a window, see program.py; SIZE: positions before it.
template <bool WITH_T, int KH, int KW, int BEFORE_H, int BEFORE_W, int SIZE_H, int SIZE_W>
__device__ void window(const Plane &at, REAL (&k)[EACH], REAL (&t)[EACH], REAL *shown_k, REAL *shown_t, REAL weight,
                       REAL bias, REAL own, REAL own_bias) {
  if (KH * KW > 1) slide<WITH_T, KH, KW, BEFORE_H, BEFORE_W, SIZE_H, SIZE_W>(at, k, t, shown_k, shown_t);
  LOOP (int m = 0; m < EACH; m++) {
    t[m] = weight * t[m] + own * k[m] + own_bias;
    k[m] = weight * k[m] + bias;
  }
}

// CODE 1: max(x, 0) + alpha min(x, 0), by a and b of rectifiers.py and the halves of |slope|^2; CODE 2: erf.
template <int CODE, int NUMBER>
__device__ void activation(const Plane &at, const Inputs &in, REAL (&k)[EACH], REAL (&t)[EACH], REAL a, REAL b,
                           REAL square, REAL alpha) {
  const REAL per_pi = REAL(0.6366197723675814);
  LOOP (int m = 0; m < EACH; m++) {
    const int h = at.top + m;
    if (h >= HEIGHT) continue;
    const long mine = ((at.first * ACTIVATIONS + NUMBER) * HEIGHT + h) * WIDTH + at.w;
    const long other = ((at.second * ACTIVATIONS + NUMBER) * HEIGHT + at.partner(h)) * WIDTH + at.w2;
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
  __shared__ REAL shown_k[HEIGHT * WIDTH], shown_t[HEIGHT * WIDTH];
  __shared__ double gathered[THREADS];
  const Inputs in = {x1, v1, r1, q1, x2, r2, q2};
  const long pair = blockIdx.x;
  Plane at;
  at.first = with_itself ? pair : pair / n2;
  at.second = with_itself ? pair : pair % n2;
  at.top = threadIdx.x / WIDTH * EACH;
  at.w = threadIdx.x % WIDTH;
  double total_k = 0, total_t = 0;
  for (int plane = blockIdx.y; plane < PLANES; plane += gridDim.y) {
    at.dh = plane / ACROSS;
    at.dw = plane % ACROSS;
    at.w2 = at.w + at.dw < WIDTH ? at.w + at.dw : at.w + at.dw - WIDTH;
    at.itself = with_itself && plane == 0;
    REAL k[EACH], t[EACH];
    begin(at, in, k, t);
    STEPS
    LOOP (int m = 0; m < EACH; m++) {
      const int h = at.top + m;
      if (h >= HEIGHT || max(h, at.partner(h)) >= END_H || max(at.w, at.w2) >= END_W) continue;
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
