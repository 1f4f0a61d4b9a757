package io.flotilla.raft.disk;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.sim.DiskTimer;
import io.flotilla.raft.sim.SimDisk;
import java.io.IOException;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class StateFileTest {
    private static final class Timer implements DiskTimer {
        private long now;

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
            return 0;
        }
    }

    private final Timer timer = new Timer();
    private final SimDisk disk = new SimDisk("d", timer, 1);

    private static String text(StateFile file) throws IOException {
        return file.read().map(bytes -> new String(bytes, UTF_8)).orElse("nothing");
    }

    @Test
    void whatWasWrittenSurvivesAPowerCutWhole() throws IOException {
        new StateFile(disk, "identity").write("old".getBytes(UTF_8));
        new StateFile(disk, "identity").write("new and longer".getBytes(UTF_8));
        for (int seed = 0; seed < 50; seed++) {
            SimDisk after = disk.crash(timer.now, new SplittableRandom(seed));
            assertThat(text(new StateFile(after, "identity"))).isEqualTo("new and longer");
        }
    }

    @Test
    void aPowerCutInTheMiddleLeavesTheOldOrTheNew() throws IOException {
        disk.syncLatency(1_000, 1_000);
        new StateFile(disk, "identity").write("old".getBytes(UTF_8));
        long before = timer.now;
        new StateFile(disk, "identity").write("new and longer".getBytes(UTF_8));
        TreeSet<String> seen = new TreeSet<>();
        for (int seed = 0; seed < 400; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            SimDisk after = disk.crash(before + random.nextLong(timer.now - before + 1), random);
            seen.add(text(new StateFile(after, "identity")));
        }
        assertThat(seen).containsExactly("new and longer", "old");
    }

    @Test
    void whatIsDeletedIsGoneForGoodAndAPowerCutBeforeLeavesItWhole() throws IOException {
        disk.syncLatency(1_000, 1_000);
        StateFile file = new StateFile(disk, "identity");
        file.delete();
        file.write("old".getBytes(UTF_8));
        long before = timer.now;
        file.delete();
        TreeSet<String> seen = new TreeSet<>();
        for (int seed = 0; seed < 400; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            SimDisk after = disk.crash(before + random.nextLong(timer.now - before + 1), random);
            seen.add(text(new StateFile(after, "identity")));
        }
        assertThat(seen).containsExactly("nothing", "old");
        for (int seed = 0; seed < 50; seed++) {
            SimDisk after = disk.crash(timer.now, new SplittableRandom(seed));
            assertThat(text(new StateFile(after, "identity"))).isEqualTo("nothing");
        }
        file.delete();
        assertThat(text(file)).isEqualTo("nothing");
    }

    @Test
    void everyFlippedBitIsFound() throws IOException {
        StateFile file = new StateFile(disk, "identity");
        file.write("id n1".getBytes(UTF_8));
        long size;
        try (DiskFile open = disk.open("identity")) {
            size = open.size();
        }
        for (int position = 0; position < size; position++) {
            for (int bit = 0; bit < 8; bit++) {
                disk.flipBit("identity", position, bit);
                assertThatThrownBy(file::read)
                        // a flipped digit of the version looks like another version
                        .isInstanceOfAny(StateFile.StateFileException.class, OtherVersionException.class)
                        .hasMessageContaining(disk.describe("identity"));
                disk.flipBit("identity", position, bit);
            }
        }
        assertThat(text(file)).isEqualTo("id n1");
    }

    @Test
    void anotherVersionIsToldFromDamageAndLeftAsItIs() throws IOException {
        new StateFile(disk, "identity", 3).write("new".getBytes(UTF_8));
        for (int version : new int[] {2, 4}) {
            assertThatThrownBy(() -> new StateFile(disk, "identity", version).read())
                    .isInstanceOf(OtherVersionException.class)
                    .hasMessageContaining(disk.describe("identity"))
                    .hasMessageContaining("has version v3")
                    .hasMessageContaining("v" + version + ":")
                    .hasMessageContaining("the program that wrote it");
        }
        assertThat(text(new StateFile(disk, "identity", 3))).isEqualTo("new");
    }
}
