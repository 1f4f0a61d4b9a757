package io.flotilla.ops.node.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.configuration.ConfigurationDeltas;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationDelta;
import io.flotilla.client.proto.Shard;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class WatchersTest {
    private static final int SHARDS = 2_000;

    private final Watchers watchers = new Watchers();
    private Configuration newest = first();

    private static Configuration first() {
        Configuration.Builder first =
                Configuration.newBuilder().setNumber(1).setFleetId("f").setFeatureLevel(1);
        for (int i = 0; i < SHARDS; i++) {
            first.addShards(Shard.newBuilder()
                    .setId(i + 1)
                    .setStart(i == 0 ? ByteString.EMPTY : key(i))
                    .setEnd(i == SHARDS - 1 ? ByteString.EMPTY : key(i + 1))
                    .setGroup(1)
                    .setEpoch(1));
        }
        return first.build();
    }

    private static ByteString key(int i) {
        return ByteString.copyFromUtf8(String.format("%06d", i));
    }

    /** Shard {@code i} changes hands. */
    private void move(int i) {
        Configuration next = newest.toBuilder()
                .setNumber(newest.getNumber() + 1)
                .setShards(
                        i,
                        newest.getShards(i).toBuilder()
                                .setGroup(newest.getShards(i).getGroup() + 1))
                .build();
        ConfigurationDelta delta = ConfigurationDeltas.between(newest, next);
        newest = next;
        watchers.changed(delta, next);
    }

    /** One who keeps what it was told, and is ready or not. */
    private final class Follower implements Watchers.Watcher {
        Configuration has;
        boolean takes = true;
        int wholes;
        int deltas;
        long bytes;

        @Override
        public boolean isReady() {
            return takes;
        }

        @Override
        public void told(Configuration whole) {
            wholes++;
            bytes += whole.getSerializedSize();
            has = whole;
        }

        @Override
        public void told(ConfigurationDelta delta) {
            deltas++;
            bytes += delta.getSerializedSize();
            has = ConfigurationDeltas.apply(has, delta);
        }
    }

    private Follower watch(Object stream, Configuration from) {
        Follower follower = new Follower();
        follower.has = from;
        watchers.watch(stream, from == null ? 0 : from.getNumber(), follower);
        return follower;
    }

    @Test
    void bytesGrowWithTheChangesAndNotWithTheShards() {
        watchers.changed(null, newest);
        Follower follower = watch("a", null);
        assertThat(follower.wholes).isEqualTo(1);
        long whole = follower.bytes;
        for (int i = 0; i < 100; i++) {
            move(i * 7);
        }
        assertThat(follower.has).isEqualTo(newest);
        assertThat(follower.wholes).isEqualTo(1);
        assertThat(follower.deltas).isEqualTo(100);
        assertThat(follower.bytes - whole).isLessThan(100 * 100).isLessThan(whole);
    }

    @Test
    void oneWhoIsSlowHearsOfManyChangesAtOnce() {
        watchers.changed(null, newest);
        Follower slow = watch("slow", newest);
        slow.takes = false;
        for (int i = 0; i < 500; i++) {
            move(i % 3);
        }
        assertThat(slow.deltas + slow.wholes).isZero();
        slow.takes = true;
        watchers.takes("slow");
        watchers.takes("slow");
        assertThat(slow.deltas).isEqualTo(1);
        assertThat(slow.bytes).as("three shards").isLessThan(300);
        assertThat(slow.has).isEqualTo(newest);
    }

    @Test
    void oneWhoIsTooFarBehindOrKnowsWhatNobodyKnowsHearsTheWhole() {
        watchers.changed(null, newest);
        Configuration old = newest;
        for (int i = 0; i <= RecentDeltas.KEPT; i++) {
            move(i % SHARDS);
        }
        Follower tooOld = watch("a", old);
        assertThat(tooOld.wholes).isEqualTo(1);
        assertThat(tooOld.has).isEqualTo(newest);
        Follower ahead = watch("b", newest.toBuilder().setNumber(5_000).build());
        move(1);
        assertThat(ahead.wholes + ahead.deltas).as("it has a newer one").isZero();
        assertThat(watchers.changesSince(newest.getNumber())).isNull();
        assertThat(watchers.changesSince(newest.getNumber() - 2).getShardsCount())
                .isEqualTo(2);
    }

    @Test
    void manyBytesOfChangesAreNotKept() {
        watchers.changed(null, newest);
        Configuration old = newest;
        for (int round = 0; round < 200; round++) {
            Configuration.Builder next = newest.toBuilder().setNumber(newest.getNumber() + 1);
            for (int i = 0; i < SHARDS; i += 2) {
                next.setShards(i, next.getShards(i).toBuilder().setEpoch(round + 2));
            }
            Configuration built = next.build();
            watchers.changed(ConfigurationDeltas.between(newest, built), built);
            newest = built;
        }
        assertThat(watchers.changesSince(old.getNumber())).isNull();
        assertThat(watchers.changesSince(newest.getNumber() - 1)).isNotNull();
    }

    @Test
    void aStreamWatchesOnceAndNotAfterItsEnd() {
        watchers.changed(null, newest);
        Follower first = watch("a", newest);
        Follower second = watch("a", newest);
        move(3);
        assertThat(first.deltas).isZero();
        assertThat(second.deltas).isEqualTo(1);
        watchers.unwatch("a");
        watchers.takes("a");
        move(4);
        assertThat(second.deltas).isEqualTo(1);
    }

    @Test
    void whateverAFollowerMissesItEndsWithTheNewest() {
        for (int seed = 0; seed < 50; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            watchers.changed(null, newest);
            List<Follower> followers = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                followers.add(watch(i, random.nextBoolean() ? null : newest));
            }
            for (int step = 0; step < 60; step++) {
                move(random.nextInt(SHARDS));
                int at = random.nextInt(5);
                followers.get(at).takes = random.nextBoolean();
                if (followers.get(at).takes) {
                    watchers.takes(at);
                }
            }
            for (int i = 0; i < 5; i++) {
                followers.get(i).takes = true;
                watchers.takes(i);
                assertThat(followers.get(i).has).isEqualTo(newest);
            }
        }
    }
}
