package io.flotilla.it.mutant;

import static io.flotilla.it.mutant.Judges.FLEET_CLIENT_CUTS;

import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of passing on: the way of a request when its client can't reach the leader. */
final class PassingFaults {
    private static final String CALL = "client-sdk/src/main/java/io/flotilla/client/call/";
    private static final String PEER = "ops/src/main/java/io/flotilla/ops/node/peer/";

    private PassingFaults() {}

    static List<Mutant> all() {
        return List.of(
                Mutant.of(
                        "passing on",
                        "a client that can't reach the leader asks nobody to pass on",
                        FLEET_CLIENT_CUTS,
                        new Patch(
                                CALL + "Detour.java",
                                "tryAgain(link, now);\n        leader = named;\n        return true;",
                                "tryAgain(link, now);\n        return false;")),
                Mutant.of(
                        "passing on",
                        "a request passed on twice, as two writes",
                        FLEET_CLIENT_CUTS,
                        new Patch(
                                PEER + "PassedOnRequests.java",
                                "waiting.add(passed);",
                                "waiting.add(passed);\n        if (pass.getRequest().hasWrite()) {\n"
                                        + "            Request.Builder again = pass.getRequest().toBuilder();\n"
                                        + "            again.getWriteBuilder().setSequence("
                                        + "again.getWrite().getSequence() + 1_000_000);\n"
                                        + "            client.call(address, again.build(), Duration.ofSeconds(1));\n"
                                        + "        }")),
                Mutant.of(
                        "passing on",
                        "the answer to another request comes back",
                        FLEET_CLIENT_CUTS,
                        new Patch(
                                PEER + "PassedOnRequests.java",
                                "response.toBuilder().setId(passed.id).build()",
                                "response.toBuilder().setId(passed.id ^ 1).build()")));
    }
}
