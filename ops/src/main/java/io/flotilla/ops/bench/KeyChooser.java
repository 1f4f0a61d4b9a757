package io.flotilla.ops.bench;

import java.util.random.RandomGenerator;

/** Chooses which of the keys 0, 1, 2, … the next operation is about. Immutable; chance comes from the caller. */
public interface KeyChooser {
    /** The distributions there are. */
    enum Kind {
        /** All keys alike. */
        uniform,
        /** The key of rank r with a chance in proportion to 1 / r^0.99, as the YCSB does. */
        zipfian
    }

    long next(RandomGenerator random);

    static KeyChooser of(Kind kind, long keys) {
        return kind == Kind.uniform ? random -> random.nextLong(keys) : new Zipfian(keys);
    }

    /** The method of Gray et al., "Quickly generating billion-record synthetic databases" (SIGMOD 1994), figure 4. */
    final class Zipfian implements KeyChooser {
        private static final double THETA = 0.99;
        private static final int SUMMED = 1_000_000;

        private final long keys;
        private final double alpha = 1 / (1 - THETA);
        private final double zeta;
        private final double eta;
        private final double firstTwo = 1 + Math.pow(0.5, THETA);

        Zipfian(long keys) {
            this.keys = keys;
            this.zeta = zeta(keys);
            this.eta = (1 - Math.pow(2.0 / keys, 1 - THETA)) / (1 - firstTwo / zeta);
        }

        /** The sum of 1 / i^theta for i from 1 to n; beyond a million terms the rest as an integral. */
        private static double zeta(long n) {
            double sum = 0;
            long summed = Math.min(n, SUMMED);
            for (long i = 1; i <= summed; i++) {
                sum += 1 / Math.pow(i, THETA);
            }
            if (n > summed) {
                sum += (Math.pow(n + 0.5, 1 - THETA) - Math.pow(summed + 0.5, 1 - THETA)) / (1 - THETA);
            }
            return sum;
        }

        @Override
        public long next(RandomGenerator random) {
            double u = random.nextDouble();
            double at = u * zeta;
            if (at < 1) {
                return 0;
            }
            if (at < firstTwo) {
                return 1;
            }
            return Math.min(keys - 1, (long) (keys * Math.pow(eta * u - eta + 1, alpha)));
        }
    }
}
