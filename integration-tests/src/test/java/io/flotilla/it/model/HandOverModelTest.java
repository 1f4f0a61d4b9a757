package io.flotilla.it.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The protocol of a shard's hand-over, explored in full within small sizes, and each of its rules left out once. {@code
 * -Dflotilla.model=full} explores the sizes that docs/testing/handover-model.md names too, {@code -Dflotilla.model=X} the one
 * called X.
 */
class HandOverModelTest {
    /** States after which an exploration gives up. */
    private static final int USUAL_LIMIT = 2_000_000;

    private static final int FULL_LIMIT = 200_000_000;

    static Stream<Size> smallSizes() {
        return Stream.of(Size.ELECTION, Size.CRASH, Size.WRITES, Size.VIEWS, Size.MOVES);
    }

    static Stream<Size> fullSizes() {
        String wish = System.getProperty("flotilla.model", "full");
        return Stream.of(Size.A, Size.B, Size.C, Size.D, Size.E, Size.F)
                .filter(size -> wish.equals("full") || wish.equals(size.name()));
    }

    @Test
    void theProtocolKeepsItsPromises() {
        Set<Step> seen = EnumSet.noneOf(Step.class);
        smallSizes().forEach(size -> seen.addAll(kept(size, USUAL_LIMIT).kinds()));
        Set<Step> missed = EnumSet.complementOf(EnumSet.copyOf(seen));
        assertThat(missed).as("steps that no size takes").allMatch(Step::isFaulty);
        assertThat(seen).as("steps that need a fault").noneMatch(Step::isFaulty);
    }

    @ParameterizedTest
    @MethodSource("fullSizes")
    @EnabledIfSystemProperty(named = "flotilla.model", matches = ".+")
    @Timeout(value = 60, unit = TimeUnit.MINUTES)
    void theProtocolKeepsItsPromisesInFullSizes(Size size) {
        kept(size, FULL_LIMIT);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void aRuleLeftOutIsMissed(Fault fault) {
        Explorer.Result result = new Explorer(fault.size(), fault, true, USUAL_LIMIT).run();
        System.out.println(result);
        assertThat(result.broken()).as(result.toString()).contains(fault.breaks());
        assertThat(result.trace()).isNotEmpty();
    }

    /** Replicas have no names that matter: with names there are more than twice as many states, and the same without them. */
    @Test
    void replicasAreAlike() {
        Explorer.Result sorted = new Explorer(Size.VIEWS, Fault.NONE, true, USUAL_LIMIT).run();
        Explorer named = new Explorer(Size.VIEWS, Fault.NONE, false, USUAL_LIMIT);
        Explorer.Result result = named.run();
        assertThat(result.broken()).as(result.toString()).isNull();
        assertThat(result.states()).isGreaterThan(2 * sorted.states());
        assertThat(named.statesWithoutNames()).isEqualTo(sorted.states());
    }

    private static Explorer.Result kept(Size size, int limit) {
        Explorer.Result result = new Explorer(size, Fault.NONE, true, limit).run();
        System.out.println(result);
        assertThat(result.broken()).as(result.toString()).isNull();
        assertThat(result.exhausted()).as(result.toString()).isTrue();
        return result;
    }
}
