package io.flotilla.it.mutant;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults in who runs a lane, and in what is left to threads that may block. */
final class LaneFaults {
    private LaneFaults() {}

    private static Patch in(String file, String find, String replace) {
        return new Patch("raft-group/src/main/java/io/flotilla/raft/" + file + ".java", find, replace);
    }

    private static Mutant lanes(String name, Judge judge, String find, String replace) {
        return Mutant.of("lanes", name, judge, in("runtime/inline/QueuedLane", find, replace));
    }

    private static Judge test(String method) {
        return Judge.test("raft.sim.SimLanesTest#" + method);
    }

    static List<Mutant> all() {
        return List.of(
                lanes(
                        "a task that may block is run inline",
                        Judge.CHANGES,
                        "task == null || task instanceof Blocking",
                        "task == null"),
                lanes(
                        "what an inline run plans is slept over",
                        test("whatAnInlineRunPlansIsNotSleptOver"),
                        "isDueEarlier || isWantedByOwn()",
                        "isWantedByOwn()"),
                lanes(
                        "what an inline run leaves is left to nobody",
                        Judge.CHANGES,
                        "|| isStopped() || !queue.isEmpty()) {",
                        "|| isStopped()) {"),
                lanes(
                        "a lane waits for a carrier that has ended",
                        test("aCarrierThatHasEndedIsDoneWithout"),
                        "carrierComes.set(false);\n            return false;",
                        "return true;"),
                lanes(
                        "a carrier comes once and never again",
                        Judge.CHANGES,
                        "carrierComes.set(false);\n        runInline();",
                        "runInline();"),
                Mutant.of(
                        "lanes",
                        "a machine that may block is run inline",
                        Judge.CHANGES,
                        in(
                                "host/apply/HostedMachine",
                                "if (lane().mayBlock() || isNonBlocking() && !given.isMuch()) {",
                                "if (lane().mayBlock() || !given.isMuch()) {")),
                Mutant.of(
                        "lanes",
                        "a snapshot is installed inline",
                        Judge.CHANGES,
                        in(
                                "host/apply/HostedMachine",
                                "run(true, () -> install(last, sink, callback))",
                                "install(last, sink, callback)")));
    }
}
