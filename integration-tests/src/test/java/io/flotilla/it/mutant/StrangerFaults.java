package io.flotilla.it.mutant;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults in who is believed, and in what is given back. */
final class StrangerFaults {
    private StrangerFaults() {}

    private static Patch raft(String file, String find, String replace) {
        return new Patch("raft-group/src/main/java/io/flotilla/raft/" + file + ".java", find, replace);
    }

    private static Patch node(String file, String find, String replace) {
        return new Patch("ops/src/main/java/io/flotilla/ops/node/" + file + ".java", find, replace);
    }

    private static Judge strangers(String method) {
        return Judge.test("raft.transport.grpc.StrangersTest#" + method);
    }

    static List<Mutant> all() {
        return List.of(
                Mutant.of(
                        "directories",
                        "a copy that counted itself up is believed",
                        Judges.FLEET,
                        raft(
                                "transport/PeerRecord",
                                "if (start.heldBatch() < durableBatch) {",
                                "if (start.heldBatch() < 0) {")),
                Mutant.of(
                        "directories",
                        "a start that was there before is believed",
                        Judge.test("raft.transport.GreetingTest#aStartThatCantFollowWhatIsKnownIsNamed"),
                        raft(
                                "transport/PeerRecord",
                                "if (start.incarnation() < incarnation) {",
                                "if (start.incarnation() < 0) {")),
                Mutant.of(
                        "directories",
                        "a refused directory starts again and counts itself up",
                        Judges.FLEET,
                        raft(
                                "node/NodeRecords",
                                "if (refusal != null) {\n                throw",
                                "if (before < 0) {\n                throw")),
                Mutant.of(
                        "directories",
                        "who lost what it acknowledged is not told",
                        Judges.FLEET,
                        raft(
                                "core/Follower",
                                "if (heartbeat.commit() > replica.log.lastIndex()) {",
                                "if (heartbeat.commit() < 0) {"),
                        raft(
                                "core/Follower",
                                "replica.log.commitTo(heartbeat.commit());",
                                "replica.log.commitTo(Math.min(heartbeat.commit(), replica.log.lastIndex()));")),
                Mutant.of(
                        "directories",
                        "what a peer told is not remembered",
                        Judge.test("raft.host.PeersHostTest#whatPeersSayIsHeardAndSurvivesARestart"),
                        raft(
                                "host/persistence/KnownPeers",
                                "lane.execute(this::writeLater);",
                                "lane.execute(() -> {});")),
                Mutant.of(
                        "strangers",
                        "invented names become peers",
                        strangers("inventedNamesBecomeNoPeers"),
                        raft(
                                "transport/grpc/GrpcTransport",
                                "        return peers.get(node);\n",
                                "        return peer(node);\n")),
                Mutant.of(
                        "strangers",
                        "a stream is read before its node has confirmed it",
                        strangers("aFalseAddressCutsNobodyOffAndAnImpostorIsNotRead"),
                        raft(
                                "transport/grpc/Peer",
                                "if (arrival.start().equals(proven)) {",
                                "if (!arrival.start().equals(null)) {")),
                Mutant.of(
                        "strangers",
                        "a second process on a copy is not sent away",
                        strangers("ofTwoProcessesOnCopiesOfADirectoryTheSecondGoes"),
                        raft(
                                "transport/grpc/Peer",
                                "} else if (each.number < attempted) {",
                                "} else if (attempted < 0) {")),
                Mutant.of(
                        "strangers",
                        "streams that don't greet stay",
                        strangers("streamsThatDontGreetAreFewAndEnd"),
                        raft("transport/grpc/GrpcRaftService", "late.add(each);", "")),
                Mutant.of(
                        "strangers",
                        "a term that leaps is taken",
                        Judge.test("raft.host.PeersHostTest#aTermThatLeapsIsNotTakenAndTold"),
                        raft(
                                "core/Plausibility",
                                "return theirs > most ?",
                                "return theirs > Long.MAX_VALUE - 1 && theirs > most ?")),
                Mutant.of(
                        "strangers",
                        "bulk is not checked as a whole",
                        Judge.test("raft.transport.BulkCodecTest#aFlippedBitIsNoticedInEveryKindAndPlace"),
                        raft("transport/BulkCodec", "        reader.checksum();\n", "        in.getInt();\n")),
                Mutant.of(
                        "bounds",
                        "answered requests keep their bytes",
                        Judges.FLEET,
                        node(
                                "edge/EdgeStream",
                                "intake.leave(bytes, clock.nanos() - since);",
                                "intake.leave(0, clock.nanos() - since);")),
                Mutant.of(
                        "bounds",
                        "reads that begin again without a lease keep two places",
                        Judge.test("raft.host.apply.ReadQueueTest#aReadWhoseLeaseRanOutTellsNothingAndIsAskedAgain"),
                        raft(
                                "host/apply/ReadQueue",
                                "                again.accept(callback);\n                return;",
                                "                again.accept(callback);")));
    }
}
