package io.flotilla.ops.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class VitalsTest {
    private final List<String> said = new ArrayList<>();
    private final AtomicInteger halted = new AtomicInteger();
    private final ProcessEnd end =
            new ProcessEnd(line -> said.add(new String(line, StandardCharsets.UTF_8)), halted::incrementAndGet);
    private String missing;
    private String full;
    private final Vitals vitals = new Vitals(end, () -> missing, () -> full);

    @Test
    void aThreadThatEndedEndsTheProcessWithItsName() {
        vitals.look();
        assertThat(halted).hasValue(0);
        missing = "group-worker-0 of node n1";
        vitals.look();
        assertThat(halted).hasPositiveValue();
        assertThat(said).singleElement().asString().contains("group-worker-0 of node n1", "start it again");
    }

    @Test
    void onlyMemoryThatStaysFullEndsTheProcess() {
        for (int i = 0; i < 100; i++) {
            full = i % Vitals.PATIENCE == 0 ? null : "Old Gen";
            vitals.look();
        }
        assertThat(halted).hasValue(0);
        for (int i = 0; i < Vitals.PATIENCE; i++) {
            full = "Old Gen";
            vitals.look();
        }
        assertThat(halted).hasPositiveValue();
        assertThat(said).singleElement().asString().contains("out of memory", "Old Gen", "-Xmx");
    }

    @Test
    void whatIsFatalIsFoundBelowWhatWrapsItAndSaidOnce() {
        assertThat(end.ifFatal(new IllegalStateException(new StackOverflowError())))
                .isFalse();
        assertThat(end.ifFatal(new IllegalStateException("a defect"))).isFalse();
        assertThat(end.ifFatal(ProcessEnd.REHEARSAL)).isTrue();
        assertThat(halted).hasValue(0);
        said.clear();
        assertThat(end.ifFatal(new IllegalStateException(new OutOfMemoryError("unable to create native thread"))))
                .isTrue();
        end.now("another");
        assertThat(halted).hasPositiveValue();
        assertThat(said)
                .singleElement()
                .asString()
                .contains("native thread", "ulimit -u")
                .endsWith("\n");
    }
}
