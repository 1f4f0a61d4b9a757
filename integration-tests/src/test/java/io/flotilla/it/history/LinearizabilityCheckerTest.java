package io.flotilla.it.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LinearizabilityCheckerTest {
    private final List<KeyOperation> history = new ArrayList<>();

    private void op(long called, long returned, KeyCall call, KeyAnswer answer) {
        history.add(new KeyOperation("c" + history.size(), called, returned, call, answer));
    }

    private void unknown(long called, KeyCall call) {
        history.add(KeyOperation.unknown("c" + history.size(), called, call));
    }

    private void accepted() {
        assertThat(LinearizabilityChecker.check(history)).isNull();
    }

    private void rejected() {
        assertThat(LinearizabilityChecker.check(history)).contains("none of these can come next");
    }

    private static KeyCall put(String value) {
        return new KeyCall.Put(value);
    }

    private static KeyCall read() {
        return new KeyCall.Read();
    }

    private static KeyAnswer written(long version) {
        return new KeyAnswer.Written(version);
    }

    private static KeyAnswer found(String value, long version) {
        return new KeyAnswer.Found(value, version);
    }

    @Test
    void readsSeeTheLastWriteOrAnyOneAtTheSameTime() {
        op(0, 10, put("a"), written(1));
        op(20, 50, put("b"), written(2));
        op(25, 30, read(), found("a", 1));
        op(35, 40, read(), found("b", 2));
        op(60, 70, read(), found("b", 2));
        accepted();
    }

    @Test
    void aStaleReadIsRejected() {
        op(0, 10, put("a"), written(1));
        op(20, 30, put("b"), written(2));
        op(40, 50, read(), found("a", 1));
        rejected();
    }

    @Test
    void readsThatSeeOneWriteComeAndGoAreRejected() {
        op(0, 10, put("a"), written(1));
        op(20, 90, put("b"), written(2));
        op(30, 40, read(), found("b", 2));
        op(50, 60, read(), found("a", 1));
        rejected();
    }

    @Test
    void aLostAcknowledgedWriteIsRejected() {
        op(0, 10, put("a"), written(1));
        op(20, 30, read(), new KeyAnswer.Absent());
        rejected();
    }

    @Test
    void aWriteOfUnknownOutcomeMayComeLateOrNever() {
        op(0, 10, put("a"), written(1));
        unknown(12, put("b"));
        op(20, 30, read(), found("a", 1));
        op(40, 50, read(), found("b", 7));
        accepted();
        op(60, 70, put("c"), written(8));
        unknown(75, put("never"));
        op(80, 90, read(), found("c", 8));
        accepted();
    }

    @Test
    void aWriteOfUnknownOutcomeCanNotComeTwice() {
        op(0, 10, put("a"), written(1));
        unknown(12, put("b"));
        op(20, 30, read(), found("b", 2));
        op(40, 50, put("c"), written(3));
        op(60, 70, read(), found("b", 4));
        rejected();
    }

    @Test
    void aValueNobodyWroteIsRejected() {
        op(0, 10, read(), found("ghost", 1));
        rejected();
    }

    @Test
    void anIncrementAppliedTwiceIsRejected() {
        op(0, 10, new KeyCall.Increment(1), new KeyAnswer.Number(1));
        op(20, 30, new KeyCall.Increment(1), new KeyAnswer.Number(3));
        rejected();
    }

    @Test
    void anAppendAppliedTwiceIsRejected() {
        op(0, 10, new KeyCall.Append("x;"), written(1));
        op(20, 30, read(), found("x;x;", 2));
        rejected();
    }

    @Test
    void appendsInAnyOrderButOneAreAccepted() {
        op(0, 50, new KeyCall.Append("x;"), written(2));
        op(0, 50, new KeyCall.Append("y;"), written(1));
        op(60, 70, read(), found("y;x;", 2));
        accepted();
        op(80, 90, read(), found("x;y;", 2));
        rejected();
    }

    @Test
    void versionsTellTheOrderOfWrites() {
        op(0, 50, put("a"), written(2));
        op(0, 50, put("b"), written(1));
        op(60, 70, read(), found("b", 1));
        rejected();
    }

    @Test
    void aVersionThatFellOverADeleteIsRejected() {
        op(0, 10, put("a"), written(5));
        op(20, 30, new KeyCall.Delete(), new KeyAnswer.Deleted(true));
        op(40, 50, put("a"), written(5));
        rejected();
    }

    @Test
    void aSwapIsDoneOnlyWhenItsConditionHolds() {
        op(0, 10, put("a"), written(1));
        op(20, 40, new KeyCall.SwapIfValue("a", "b"), written(2));
        op(20, 40, new KeyCall.SwapIfValue("a", "c"), new KeyAnswer.NotSwapped("b"));
        op(50, 60, new KeyCall.SwapIfVersion(2, "d"), written(3));
        op(70, 80, new KeyCall.SwapIfAbsent("e"), new KeyAnswer.NotSwapped("d"));
        op(70, 80, new KeyCall.SwapIfVersion(2, "e"), new KeyAnswer.NotDone(3));
        accepted();
        op(90, 95, new KeyCall.SwapIfVersion(2, "f"), written(9));
        rejected();
    }

    @Test
    void twoSwapsOfOneValueAreRejected() {
        op(0, 10, put("a"), written(1));
        op(20, 40, new KeyCall.SwapIfValue("a", "b"), written(2));
        op(20, 40, new KeyCall.SwapIfValue("a", "c"), written(3));
        rejected();
    }

    /** Histories with what happened known in advance, as they were and with one answer turned wrong. */
    @Test
    void agreesWithTryingEveryOrder() {
        int linearizable = 0;
        int not = 0;
        for (int seed = 0; seed < 4000; seed++) {
            List<KeyOperation> made = RandomHistory.make(new SplittableRandom(seed), 6);
            boolean expected = EveryOrder.isLinearizable(made);
            assertThat(LinearizabilityChecker.check(made) == null)
                    .as("seed %s: %s", seed, made)
                    .isEqualTo(expected);
            linearizable += expected ? 1 : 0;
            not += expected ? 0 : 1;
        }
        assertThat(linearizable).isGreaterThan(1000);
        assertThat(not).isGreaterThan(1000);
    }

    @Test
    void longHistoriesWithUnknownWritesAreDecided() {
        for (int seed = 0; seed < 20; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<KeyOperation> made = RandomHistory.correct(random, 1000, 8, 1_000_000, 2);
            assertThat(LinearizabilityChecker.check(made)).as("seed %s", seed).isNull();
        }
    }

    /** A late append taken too early leaves reads that don't fit: what else might have been appended then is not tried. */
    @Test
    void appendsThatAreAnsweredLateAmongManyOfUnknownOutcomeAreDecided() {
        for (int i = 0; i < 14; i++) {
            unknown(i, new KeyCall.Append("u" + i + ";"));
        }
        op(20, 1_000, new KeyCall.Append("late;"), new KeyAnswer.Written(50));
        op(30, 31, new KeyCall.Append("a;"), new KeyAnswer.Written(2));
        op(40, 41, new KeyCall.Read(), new KeyAnswer.Found("a;", 2));
        op(50, 51, new KeyCall.Append("b;"), new KeyAnswer.Written(3));
        op(60, 61, new KeyCall.Read(), new KeyAnswer.Found("a;b;", 3));
        op(1_001, 1_002, new KeyCall.Read(), new KeyAnswer.Found("a;b;late;", 50));
        accepted();
    }
}
