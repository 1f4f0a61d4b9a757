package io.flotilla.client.routing;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Shard;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RoutingTableTest {
    private final Configuration configuration = Configuration.newBuilder()
            .setNumber(1)
            .addShards(shard(1, "", "g", 1, 1))
            .addShards(shard(2, "g", "\u00ff", 2, 1))
            .addShards(shard(3, "\u00ff", "", 3, 1))
            .build();
    private final RoutingTable table = RoutingTable.of(configuration);

    @Test
    void keysAreUnsignedBytesAndBoundsAreHalfOpen() {
        assertThat(table.find(b("a")).id()).isEqualTo(1);
        assertThat(table.find(b("g")).id()).isEqualTo(2);
        assertThat(table.find(new byte[] {(byte) 0x80}).id()).isEqualTo(2);
        assertThat(table.find(new byte[] {(byte) 0xff}).id()).isEqualTo(3);
    }

    @Test
    void belowABoundIsTheShardBeforeIt() {
        assertThat(table.findBelow(b("")).id()).isEqualTo(3);
        assertThat(table.findBelow(b("h")).id()).isEqualTo(2);
        assertThat(table.findBelow(b("g")).id()).isEqualTo(1);
        assertThat(table.findBelow(b("a")).id()).isEqualTo(1);
    }

    @Test
    void theHigherEpochWinsAndALowerOneChangesNothing() {
        RoutingTable moved = table.corrected(List.of(shard(2, "g", "\u00ff", 9, 2)));
        assertThat(moved.find(b("h")).group()).isEqualTo(9);
        assertThat(moved.corrected(List.of(shard(2, "g", "\u00ff", 2, 1)))).isSameAs(moved);
        assertThat(table.corrected(List.of(shard(2, "g", "\u00ff", 7, 1)))).isSameAs(table);
    }

    @Test
    void halfASplitLeavesAGapUntilTheOtherHalfIsKnown() {
        RoutingTable half = table.corrected(List.of(shard(1, "", "c", 1, 2)));
        assertThat(half.find(b("a")).epoch()).isEqualTo(2);
        assertThat(half.find(b("d"))).isNull();
        assertThat(half.findBelow(b("e"))).isNull();
        RoutingTable whole = half.corrected(List.of(shard(4, "c", "g", 2, 2)));
        assertThat(whole.find(b("d")).id()).isEqualTo(4);
    }

    @Test
    void aCorrectionNewerThanTheNextConfigurationSurvivesIt() {
        RoutingTable moved = table.corrected(List.of(shard(2, "g", "\u00ff", 9, 3)));
        Configuration next = configuration.toBuilder()
                .setNumber(2)
                .setShards(0, shard(1, "", "g", 5, 2))
                .setShards(1, shard(2, "g", "\u00ff", 8, 2))
                .build();
        RoutingTable both = moved.succeededBy(next);
        assertThat(both.number()).isEqualTo(2);
        assertThat(both.find(b("a")).group()).isEqualTo(5);
        assertThat(both.find(b("h")).group()).isEqualTo(9);
    }

    /** Starts that differ only after their eighth byte, or in trailing zeros, and keys around each of them. */
    @Test
    void startsThatBeginAlikeAreToldApart() {
        List<String> starts = List.of(
                "", "\0", "\0\0", "12345678", "12345678\0", "12345678\0\0", "12345678a", "12345678a\u0080", "12345679");
        Configuration.Builder builder = Configuration.newBuilder().setNumber(1);
        for (int i = 0; i < starts.size(); i++) {
            builder.addShards(shard(i, starts.get(i), i + 1 < starts.size() ? starts.get(i + 1) : "", 1, 1));
        }
        RoutingTable alike = RoutingTable.of(builder.build());
        for (int i = 1; i < starts.size(); i++) {
            assertThat(alike.find(b(starts.get(i))).id()).as(starts.get(i)).isEqualTo(i);
            assertThat(alike.findBelow(b(starts.get(i))).id()).isEqualTo(i - 1);
        }
        assertThat(alike.find(b("1234567")).id()).isEqualTo(2);
        assertThat(alike.find(b("12345678\0a")).id()).isEqualTo(5);
        assertThat(alike.find(b("12345678a\u0090")).id()).isEqualTo(7);
        assertThat(alike.find(b("2")).id()).isEqualTo(8);
    }

    private static Shard shard(long id, String start, String end, long group, long epoch) {
        return Shard.newBuilder()
                .setId(id)
                .setStart(bytes(start))
                .setEnd(bytes(end))
                .setGroup(group)
                .setEpoch(epoch)
                .build();
    }

    private static ByteString bytes(String latin1) {
        return ByteString.copyFrom(latin1, java.nio.charset.StandardCharsets.ISO_8859_1);
    }

    private static byte[] b(String latin1) {
        return bytes(latin1).toByteArray();
    }
}
