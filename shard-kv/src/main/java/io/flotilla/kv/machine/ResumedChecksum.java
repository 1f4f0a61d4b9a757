package io.flotilla.kv.machine;

import java.util.zip.CRC32C;

/**
 * The CRC32C of a row of bytes that may be gone on with from its value alone. That of two rows one after the other is that of the second
 * combined with that of the first moved over as many zeros as the second has bytes, which is a product of matrices over the field of
 * two elements.
 */
final class ResumedChecksum {
    /** The polynomial of CRC32C, bits in reverse. */
    private static final int POLYNOMIAL = 0x82f63b78;

    private final CRC32C crc = new CRC32C();
    /** The bytes that {@link #crc} has seen. */
    private long bytes;
    /** Of what came before them. */
    private int before;

    /** Goes on behind bytes with this checksum; 0 for none. */
    void resume(int checksum) {
        crc.reset();
        bytes = 0;
        before = checksum;
    }

    void update(byte[] array, int from, int length) {
        crc.update(array, from, length);
        bytes += length;
    }

    int value() {
        return before == 0 ? (int) crc.getValue() : movedOver(bytes, before) ^ (int) crc.getValue();
    }

    /** A checksum moved over so many zero bytes. */
    private static int movedOver(long zeros, int checksum) {
        int[] matrix = new int[Integer.SIZE];
        matrix[0] = POLYNOMIAL;
        for (int i = 1; i < Integer.SIZE; i++) {
            matrix[i] = 1 << i - 1;
        }
        // from one bit to one byte
        for (int doublings = 0; doublings < 3; doublings++) {
            matrix = square(matrix);
        }
        int moved = checksum;
        for (long rest = zeros; rest != 0; rest >>>= 1) {
            if ((rest & 1) != 0) {
                moved = times(matrix, moved);
            }
            matrix = square(matrix);
        }
        return moved;
    }

    private static int times(int[] matrix, int vector) {
        int sum = 0;
        for (int bits = vector, i = 0; bits != 0; bits >>>= 1, i++) {
            if ((bits & 1) != 0) {
                sum ^= matrix[i];
            }
        }
        return sum;
    }

    private static int[] square(int[] matrix) {
        int[] squared = new int[matrix.length];
        for (int i = 0; i < matrix.length; i++) {
            squared[i] = times(matrix, matrix[i]);
        }
        return squared;
    }
}
