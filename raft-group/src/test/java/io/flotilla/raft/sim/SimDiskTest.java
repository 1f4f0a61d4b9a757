package io.flotilla.raft.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SimDiskTest {
    private final DiskTimer timer = DiskTimer.standalone();
    private final SimDisk disk = new SimDisk("n1", timer, 1);

    @Test
    void forcedBytesUnderForcedNamesSurviveEveryCrash() throws IOException {
        DiskFile file = disk.open("a");
        write(file, "kept", 0);
        file.force();
        disk.forceDirectory("");
        write(file, "lost", 4);
        TreeSet<String> seen = new TreeSet<>();
        for (int seed = 0; seed < 200; seed++) {
            String found = read(disk.crash(timer.now(), new SplittableRandom(seed)), "a");
            assertThat(found).startsWith("kept");
            seen.add(found);
        }
        assertThat(seen).contains("kept", "keptlost", "keptl", "keptlo", "keptlos");
        assertThat(read(disk, "a")).isEqualTo("keptlost");
    }

    @Test
    void aNameThatWasNotForcedIsLostOrKept() throws IOException {
        DiskFile file = disk.open("tmp");
        write(file, "x", 0);
        file.force();
        disk.forceDirectory("");
        disk.rename("tmp", "final");
        TreeSet<String> seen = new TreeSet<>();
        for (int seed = 0; seed < 50; seed++) {
            seen.add(
                    disk.crash(timer.now(), new SplittableRandom(seed)).list("").toString());
        }
        assertThat(seen).containsExactly("[final]", "[tmp]");
        disk.forceDirectory("");
        assertThat(disk.crash(timer.now(), new SplittableRandom(1)).list("")).containsExactly("final");
    }

    @Test
    void aSyncThatEndsAfterThePowerCutDidNotHappen() throws IOException {
        DiskTimer busy = new DiskTimer() {
            private long now = timer.now();
            private final long start = now;

            @Override
            public long now() {
                return now;
            }

            @Override
            public void spend(long nanos) {
                now += nanos;
            }

            @Override
            public long taskStart() {
                return start;
            }
        };
        SimDisk ahead = new SimDisk("n2", busy, 1);
        ahead.syncLatency(1000, 1000);
        DiskFile file = ahead.open("a");
        ahead.forceDirectory("");
        write(file, "x", 0);
        file.force();
        write(file, "y", 1);
        long synced = busy.now();
        TreeSet<String> before = new TreeSet<>();
        for (int seed = 0; seed < 50; seed++) {
            assertThat(read(ahead.crash(synced, new SplittableRandom(seed)), "a"))
                    .startsWith("x");
            before.add(read(ahead.crash(synced - 1, new SplittableRandom(seed)), "a"));
        }
        assertThat(before).containsExactly("", "x");
    }

    @Test
    void aKilledProcessLeavesItsWritesButTheyAreStillNotDurable() throws IOException {
        DiskFile file = disk.open("a");
        write(file, "x", 0);
        SimDisk next = disk.kill(timer.now());
        assertThat(read(next, "a")).isEqualTo("x");
        TreeSet<String> seen = new TreeSet<>();
        for (int seed = 0; seed < 50; seed++) {
            seen.add(
                    next.crash(timer.now(), new SplittableRandom(seed)).list("").toString());
        }
        assertThat(seen).containsExactly("[]", "[a]");
    }

    @Test
    void afterAFailedForceALaterOneDoesNotMakeTheSameBytesDurable() throws IOException {
        DiskFile file = disk.open("a");
        disk.forceDirectory("");
        write(file, "x", 0);
        disk.failForceAfter(0);
        assertThatThrownBy(file::force).isInstanceOf(IOException.class).hasMessageContaining("n1:/a");
        file.force();
        TreeSet<String> seen = new TreeSet<>();
        for (int seed = 0; seed < 50; seed++) {
            seen.add(read(disk.crash(timer.now(), new SplittableRandom(seed)), "a"));
        }
        assertThat(seen).containsExactly("", "x");
    }

    @Test
    void aFullDiskRefusesToGrow() throws IOException {
        DiskFile file = disk.open("a");
        disk.capacity(10);
        file.setSize(10);
        write(file, "x", 9);
        assertThatThrownBy(() -> write(file, "xy", 9)).hasMessageContaining("No space left");
    }

    private static void write(DiskFile file, String text, long position) throws IOException {
        file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)), position);
    }

    private static String read(SimDisk disk, String path) throws IOException {
        try (DiskFile file = disk.open(path)) {
            ByteBuffer buffer = ByteBuffer.allocate((int) file.size());
            file.read(buffer, 0);
            return new String(buffer.array(), StandardCharsets.US_ASCII);
        }
    }
}
