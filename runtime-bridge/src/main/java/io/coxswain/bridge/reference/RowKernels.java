package io.coxswain.bridge.reference;

/**
 * The matrix products, as sums of scaled rows.
 *
 * <p>Every element of a result is a chain of fused multiply-adds in ascending order of the summed
 * index, whatever the blocking: {@code target = fma(a[k], row[k], target)} for k = 0, 1, …. The
 * inner loops go along a row and their iterations are independent, so that the compiler may use
 * vector registers of any width without changing a bit.
 *
 * <p>Rows are separate arrays because C2 does not vectorize loops over one array with different
 * offsets (it cannot rule out overlap; JDK-8324751). Sixteen multiply-adds per four rows read and
 * four rows written keep the loops from being bound by loads: on an AVX2 machine this blocking is
 * 1.5 times as fast as 2 × 4 and 12 times as fast as unvectorized loops over offsets.
 *
 * <p>A processor without fused multiply-add gives the same bits, but thousands of times slower: the
 * JDK then computes {@link Math#fma(float, float, float)} with BigDecimal. All x86-64 servers since
 * 2013 and all of AArch64 have it.
 */
final class RowKernels {
    private RowKernels() {}

    /**
     * target[m][0..width) += Σ_k scalars[m][k] · rows[k][0..width), for m below {@code targets} and
     * k below {@code sums}.
     */
    static void addProduct(
            float[][] target, int targets, float[][] scalars, float[][] rows, int sums, int width) {
        // The rows of one k-block stay in the first-level cache while all targets pass.
        int k = 0;
        for (; k + 4 <= sums; k += 4) {
            float[] r0 = rows[k];
            float[] r1 = rows[k + 1];
            float[] r2 = rows[k + 2];
            float[] r3 = rows[k + 3];
            int m = 0;
            for (; m + 4 <= targets; m += 4) {
                add4x4(
                        target[m],
                        target[m + 1],
                        target[m + 2],
                        target[m + 3],
                        scalars[m],
                        scalars[m + 1],
                        scalars[m + 2],
                        scalars[m + 3],
                        k,
                        r0,
                        r1,
                        r2,
                        r3,
                        width);
            }
            for (; m < targets; m++) {
                float[] a = scalars[m];
                add1x4(target[m], a[k], a[k + 1], a[k + 2], a[k + 3], r0, r1, r2, r3, width);
            }
        }
        for (; k < sums; k++) {
            for (int m = 0; m < targets; m++) {
                add1x1(target[m], scalars[m][k], rows[k], width);
            }
        }
    }

    /**
     * target[m][0..width) += Σ_k columns[k][m] · rows[k][0..width), for m below {@code targets} and
     * k below {@code sums}.
     */
    static void addOuterProducts(
            float[][] target, int targets, float[][] columns, float[][] rows, int sums, int width) {
        // There are few k (samples of a block) and many targets: all rows stay in the first-level
        // cache, and each
        // target is loaded from further away only once.
        int m = 0;
        for (; m + 4 <= targets; m += 4) {
            int k = 0;
            for (; k + 4 <= sums; k += 4) {
                addTransposed4x4(
                        target[m],
                        target[m + 1],
                        target[m + 2],
                        target[m + 3],
                        columns[k],
                        columns[k + 1],
                        columns[k + 2],
                        columns[k + 3],
                        m,
                        rows[k],
                        rows[k + 1],
                        rows[k + 2],
                        rows[k + 3],
                        width);
            }
            for (; k < sums; k++) {
                for (int i = 0; i < 4; i++) {
                    add1x1(target[m + i], columns[k][m + i], rows[k], width);
                }
            }
        }
        for (; m < targets; m++) {
            for (int k = 0; k < sums; k++) {
                add1x1(target[m], columns[k][m], rows[k], width);
            }
        }
    }

    /** target[0..width) += row[0..width). */
    static void add(float[] target, float[] row, int width) {
        for (int j = 0; j < width; j++) {
            target[j] += row[j];
        }
    }

    /** row = max(row, 0), element by element. */
    static void rectify(float[] row, int width) {
        for (int j = 0; j < width; j++) {
            row[j] = Math.max(row[j], 0f);
        }
    }

    /**
     * target = target · sign(activation), where an activation after {@link #rectify} has the sign 0
     * or 1.
     */
    static void gate(float[] target, float[] activation, int width) {
        for (int j = 0; j < width; j++) {
            target[j] *= Math.signum(activation[j]);
        }
    }

    /** columns[j][i] = rows[i][j] for i below {@code rowCount} and j below {@code width}. */
    static void transpose(float[][] rows, int rowCount, int width, float[][] columns) {
        for (int i = 0; i < rowCount; i++) {
            float[] row = rows[i];
            for (int j = 0; j < width; j++) {
                columns[j][i] = row[j];
            }
        }
    }

    private static void add4x4(
            float[] t0,
            float[] t1,
            float[] t2,
            float[] t3,
            float[] a,
            float[] b,
            float[] c,
            float[] d,
            int k,
            float[] r0,
            float[] r1,
            float[] r2,
            float[] r3,
            int width) {
        float a0 = a[k];
        float a1 = a[k + 1];
        float a2 = a[k + 2];
        float a3 = a[k + 3];
        float b0 = b[k];
        float b1 = b[k + 1];
        float b2 = b[k + 2];
        float b3 = b[k + 3];
        float c0 = c[k];
        float c1 = c[k + 1];
        float c2 = c[k + 2];
        float c3 = c[k + 3];
        float d0 = d[k];
        float d1 = d[k + 1];
        float d2 = d[k + 2];
        float d3 = d[k + 3];
        for (int j = 0; j < width; j++) {
            float v0 = r0[j];
            float v1 = r1[j];
            float v2 = r2[j];
            float v3 = r3[j];
            t0[j] = Math.fma(a3, v3, Math.fma(a2, v2, Math.fma(a1, v1, Math.fma(a0, v0, t0[j]))));
            t1[j] = Math.fma(b3, v3, Math.fma(b2, v2, Math.fma(b1, v1, Math.fma(b0, v0, t1[j]))));
            t2[j] = Math.fma(c3, v3, Math.fma(c2, v2, Math.fma(c1, v1, Math.fma(c0, v0, t2[j]))));
            t3[j] = Math.fma(d3, v3, Math.fma(d2, v2, Math.fma(d1, v1, Math.fma(d0, v0, t3[j]))));
        }
    }

    private static void addTransposed4x4(
            float[] t0,
            float[] t1,
            float[] t2,
            float[] t3,
            float[] x0,
            float[] x1,
            float[] x2,
            float[] x3,
            int m,
            float[] r0,
            float[] r1,
            float[] r2,
            float[] r3,
            int width) {
        float a0 = x0[m];
        float a1 = x1[m];
        float a2 = x2[m];
        float a3 = x3[m];
        float b0 = x0[m + 1];
        float b1 = x1[m + 1];
        float b2 = x2[m + 1];
        float b3 = x3[m + 1];
        float c0 = x0[m + 2];
        float c1 = x1[m + 2];
        float c2 = x2[m + 2];
        float c3 = x3[m + 2];
        float d0 = x0[m + 3];
        float d1 = x1[m + 3];
        float d2 = x2[m + 3];
        float d3 = x3[m + 3];
        for (int j = 0; j < width; j++) {
            float v0 = r0[j];
            float v1 = r1[j];
            float v2 = r2[j];
            float v3 = r3[j];
            t0[j] = Math.fma(a3, v3, Math.fma(a2, v2, Math.fma(a1, v1, Math.fma(a0, v0, t0[j]))));
            t1[j] = Math.fma(b3, v3, Math.fma(b2, v2, Math.fma(b1, v1, Math.fma(b0, v0, t1[j]))));
            t2[j] = Math.fma(c3, v3, Math.fma(c2, v2, Math.fma(c1, v1, Math.fma(c0, v0, t2[j]))));
            t3[j] = Math.fma(d3, v3, Math.fma(d2, v2, Math.fma(d1, v1, Math.fma(d0, v0, t3[j]))));
        }
    }

    private static void add1x4(
            float[] target,
            float a0,
            float a1,
            float a2,
            float a3,
            float[] r0,
            float[] r1,
            float[] r2,
            float[] r3,
            int width) {
        for (int j = 0; j < width; j++) {
            target[j] =
                    Math.fma(
                            a3,
                            r3[j],
                            Math.fma(
                                    a2,
                                    r2[j],
                                    Math.fma(a1, r1[j], Math.fma(a0, r0[j], target[j]))));
        }
    }

    private static void add1x1(float[] target, float a, float[] row, int width) {
        for (int j = 0; j < width; j++) {
            target[j] = Math.fma(a, row[j], target[j]);
        }
    }
}
