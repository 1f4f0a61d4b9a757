package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.client.RefusedException.Reason;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.WriteReply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What each operation does and how it is cut up. */
final class OperationsTest extends ScriptedFleetTest {
    @Test
    void aValueThatTheShardNoLongerKnowsIsNotTakenForAbsent() {
        fleet.node("n2").script = request -> request.hasWrite()
                ? Response.newBuilder()
                        .setWrite(WriteReply.newBuilder()
                                .setOutcome(WriteReply.Outcome.CONDITION_FAILED)
                                .setVersion(7)
                                .setValueOmitted(true))
                        .build()
                : null;
        CasResult result = done(client.compareAndSet(b("h"), Expectation.absent(), b("x")));
        assertThat(result.done()).isFalse();
        assertThat(result.version()).isEqualTo(7);
        assertThat(result.present()).isEmpty();
        assertThat(result.presentKnown()).isFalse();
    }

    @Test
    void eachOperationDoesWhatItSays() {
        assertThat(done(client.put(b("a"), b("1")))).isEqualTo(1);
        assertThat(done(client.get(b("a"))).orElseThrow().text()).isEqualTo("1");
        assertThat(done(client.get(b("z")))).isEmpty();
        done(client.append(b("a"), b("2")));
        assertThat(done(client.increment(b("a"), -2))).isEqualTo(10);
        assertThat(done(client.delete(b("a")))).isTrue();
        assertThat(done(client.delete(b("a")))).isFalse();
        assertThat(done(client.compareAndSet(b("h"), Expectation.absent(), b("x")))
                        .done())
                .isTrue();
        CasResult failed = done(client.compareAndSet(b("h"), Expectation.value("y"), b("z")));
        assertThat(failed.done()).isFalse();
        assertThat(failed.version()).isEqualTo(4);
        assertThat(failed.present().orElseThrow()).isEqualTo(b("x"));
        WriteBatch batch =
                WriteBatch.builder().put("b", "1").put("c", "2").delete("d").build();
        assertThat(done(client.batch(batch)).done()).isTrue();
        assertThat(fleet.store).containsKeys(s("b"), s("c"));
        assertThat(done(client.configuration()).getNumber()).isEqualTo(1);
        assertThat(done(client.nodeStatus("n3:1")).getId()).isEqualTo("n3");
    }

    @Test
    void aValueThatIsNoNumberIsRefusedAsInvalid() {
        done(client.put(b("a"), b("x")));
        assertThat(refused(client.increment(b("a"), 1))).isEqualTo(Reason.INVALID);
    }

    @Test
    void badArgumentsAreRefusedBeforeAnythingIsSent() {
        assertThat(refused(client.get(b("")))).isEqualTo(Reason.INVALID);
        assertThat(refused(client.put(new byte[4097], b("")))).isEqualTo(Reason.INVALID);
        assertThat(refused(client.put(b("a"), new byte[(1 << 20) + 1]))).isEqualTo(Reason.INVALID);
        assertThat(refused(client.multiGet(List.of(b("a"), b(""))))).isEqualTo(Reason.INVALID);
        assertThatThrownBy(() -> WriteBatch.builder().build()).isInstanceOf(RefusedException.class);
        assertThatThrownBy(() -> client.get(b("a"), Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
        assertThat(fleet.connects).isEmpty();
    }

    @Test
    void aBatchOverSeveralShardsIsRefused() {
        WriteBatch batch = WriteBatch.builder().put("a", "1").put("z", "2").build();
        assertThat(refused(client.batch(batch))).isEqualTo(Reason.INVALID);
        WriteBatch condition = WriteBatch.builder()
                .onlyIf("z", Expectation.absent())
                .put("a", "1")
                .build();
        assertThat(refused(client.batch(condition))).isEqualTo(Reason.INVALID);
        assertThat(fleet.applied).isEmpty();
    }

    @Test
    void multiGetKeepsTheOrderOfKeysOverShards() {
        for (String key : List.of("a", "h", "z", "b")) {
            done(client.put(b(key), b("v" + key)));
        }
        List<String> found = new ArrayList<>();
        for (Optional<VersionedValue> value :
                done(client.multiGet(List.of(b("z"), b("q"), b("a"), b("h"), b("b"), b("z"))))) {
            found.add(value.map(VersionedValue::text).orElse("-"));
        }
        assertThat(found).containsExactly("vz", "-", "va", "vh", "vb", "vz");
        assertThat(done(client.multiGet(List.of()))).isEmpty();
    }

    @Test
    void multiGetOfLargeValuesStaysBelowWhatANodeAnswersAtOnce() {
        List<byte[]> keys = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            keys.add(b("a" + i));
            done(client.put(keys.get(i), new byte[1 << 20]));
        }
        assertThat(done(client.multiGet(keys)))
                .hasSize(40)
                .allSatisfy(value -> assertThat(value.orElseThrow().value()).hasSize(1 << 20));
    }

    @Test
    void multiGetOfVeryManyKeysIsDoneInParts() {
        List<byte[]> keys = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            keys.add(b("a" + i));
        }
        done(client.put(keys.get(9_999), b("last")));
        List<Optional<VersionedValue>> values = done(client.multiGet(keys));
        assertThat(values).hasSize(10_000);
        assertThat(values.get(9_999).orElseThrow().text()).isEqualTo("last");
    }

    @Test
    void multiGetIsSplitAnewWhenAShardWasSplit() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("c"), b("2")));
        fleet.configuration = fleet.configuration.toBuilder()
                .setNumber(2)
                .setShards(0, FakeFleet.shard(1, "", "b", 1, 2))
                .addShards(1, FakeFleet.shard(4, "b", "g", 2, 2))
                .build();
        List<Optional<VersionedValue>> values = done(client.multiGet(List.of(b("c"), b("a"))));
        assertThat(values.get(0).orElseThrow().text()).isEqualTo("2");
        assertThat(values.get(1).orElseThrow().text()).isEqualTo("1");
    }

    @Test
    void scansCrossShardsInBothDirections() {
        List<String> keys = List.of("a", "b", "f", "g", "h", "o", "p", "q", "z");
        keys.forEach(key -> fleet.store.put(s(key), s("v")));
        fleet.pageRows = 2;
        assertThat(scan(ScanQuery.all())).isEqualTo(keys);
        List<String> backwards = new ArrayList<>(keys);
        java.util.Collections.reverse(backwards);
        assertThat(scan(ScanQuery.all().reverse())).isEqualTo(backwards);
        assertThat(scan(ScanQuery.all().from("b").to("p"))).containsExactly("b", "f", "g", "h", "o");
        assertThat(scan(ScanQuery.all().from("b").to("p").reverse())).containsExactly("o", "h", "g", "f", "b");
        assertThat(scan(ScanQuery.all().limit(4))).containsExactly("a", "b", "f", "g");
        assertThat(scan(ScanQuery.all().limit(3).reverse())).containsExactly("z", "q", "p");
        assertThat(scan(ScanQuery.all().pageRows(1))).isEqualTo(keys);
        for (String before : List.of("a", "b", "g", "z")) {
            fleet.emptyPageAt = s(before);
            assertThat(scan(ScanQuery.all()))
                    .as("a page ends before %s", before)
                    .isEqualTo(keys);
            fleet.emptyPageAt = s(before);
            assertThat(scan(ScanQuery.all().reverse())).isEqualTo(backwards);
            fleet.emptyPageAt = s(before);
            assertThat(scan(ScanQuery.all().limit(4))).containsExactly("a", "b", "f", "g");
        }
        assertThat(scan(ScanQuery.all().prefix("h"))).containsExactly("h");
        assertThat(scan(ScanQuery.all().from("x").to("c"))).isEmpty();
    }

    @Test
    void aScanOfEmptyShardsEnds() {
        assertThat(scan(ScanQuery.all())).isEmpty();
        assertThat(scan(ScanQuery.all().reverse())).isEmpty();
    }

    private List<String> scan(ScanQuery query) {
        List<String> keys = new ArrayList<>();
        Optional<ScanQuery> next = Optional.of(query);
        while (next.isPresent()) {
            ScanPage page = done(client.scan(next.get()));
            page.rows().forEach(row -> keys.add(row.keyText()));
            next = page.next();
        }
        return keys;
    }
}
