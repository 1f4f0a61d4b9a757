package io.flotilla.controller.decide;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;

/** Cuts the space of all keys, ordered as unsigned bytes, into equal ranges. Pure. */
public final class KeyCuts {
    /** More ranges than this can't be told apart by the four bytes of a cut. */
    public static final int MAX_RANGES = 1 << 20;

    private KeyCuts() {}

    /**
     * The inner bounds of {@code ranges} equal ranges, ascending and all different: one less than there are ranges. A
     * bound has two bytes, or three or four where two can't tell the ranges apart.
     */
    public static List<ByteString> evenly(int ranges) {
        if (ranges < 1 || ranges > MAX_RANGES) {
            throw new IllegalArgumentException("can't cut the keys into " + ranges + " ranges: 1 to " + MAX_RANGES);
        }
        int width = 2;
        while ((1L << (8 * width)) < 256L * ranges && width < 4) {
            width++;
        }
        long space = 1L << (8 * width);
        List<ByteString> cuts = new ArrayList<>(ranges - 1);
        for (int i = 1; i < ranges; i++) {
            long at = space * i / ranges;
            byte[] cut = new byte[width];
            for (int b = 0; b < width; b++) {
                cut[b] = (byte) (at >>> (8 * (width - 1 - b)));
            }
            cuts.add(ByteString.copyFrom(cut));
        }
        return cuts;
    }
}
