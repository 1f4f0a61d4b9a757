package io.flotilla.raft.sim;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The bytes of one simulated file. Pages are shared between copies and never changed in place, so a copy costs only its
 * page table; an absent page is all zeros, so preallocated space costs nothing.
 */
final class SimContent {
    private static final int PAGE = 4096;
    private static final byte[] ZEROS = new byte[PAGE];

    private byte[][] pages;
    private long size;

    SimContent() {
        this.pages = new byte[4][];
    }

    private SimContent(byte[][] pages, long size) {
        this.pages = pages;
        this.size = size;
    }

    SimContent copy() {
        return new SimContent(pages.clone(), size);
    }

    long size() {
        return size;
    }

    int read(ByteBuffer target, long position) {
        int count = (int) Math.max(0, Math.min(target.remaining(), size - position));
        int left = count;
        while (left > 0) {
            int page = (int) (position / PAGE);
            int within = (int) (position % PAGE);
            int n = Math.min(left, PAGE - within);
            byte[] bytes = page < pages.length ? pages[page] : null;
            target.put(bytes == null ? ZEROS : bytes, within, n);
            position += n;
            left -= n;
        }
        return count;
    }

    void write(byte[] source, int offset, int length, long position) {
        reserve(position + length);
        while (length > 0) {
            int page = (int) (position / PAGE);
            int within = (int) (position % PAGE);
            int n = Math.min(length, PAGE - within);
            byte[] old = pages[page];
            byte[] bytes = old == null ? new byte[PAGE] : old.clone();
            System.arraycopy(source, offset, bytes, within, n);
            pages[page] = bytes;
            position += n;
            offset += n;
            length -= n;
        }
        size = Math.max(size, position);
    }

    void setSize(long newSize) {
        if (newSize < size) {
            int firstGone = (int) ((newSize + PAGE - 1) / PAGE);
            if (firstGone < pages.length) {
                Arrays.fill(pages, firstGone, pages.length, null);
            }
            int within = (int) (newSize % PAGE);
            int last = (int) (newSize / PAGE);
            if (within > 0 && last < pages.length && pages[last] != null) {
                byte[] bytes = pages[last].clone();
                Arrays.fill(bytes, within, PAGE, (byte) 0);
                pages[last] = bytes;
            }
        } else {
            reserve(newSize);
        }
        size = newSize;
    }

    private void reserve(long end) {
        int needed = Math.toIntExact((end + PAGE - 1) / PAGE);
        if (needed > pages.length) {
            pages = Arrays.copyOf(pages, Math.max(needed, pages.length * 2));
        }
    }
}
