package io.flotilla.ops.node.founding;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.FoundingReply;
import io.flotilla.client.proto.FoundingRequest;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.ops.node.TestTime;
import io.flotilla.ops.node.peer.PeerCalls;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class FoundingTest {
    private static final long MILLI = 1_000_000L;

    private final TestTime time = new TestTime();
    private final Random random = new Random(1);
    /** What is on disk, by node. */
    private final TreeMap<String, Identity> disks = new TreeMap<>();
    /** Who listens, by address. */
    private final TreeMap<String, Running> listening = new TreeMap<>();
    /** Of 100 calls, how many get lost on their way there, or the answer on its way back. */
    private int lossPercent;
    /** Crash a node after this many more saves; negative: never. */
    private int savesUntilCrash = -1;

    private int fleets;

    private static FoundingPlan config(String id, String seeds, int groups) {
        TreeMap<NodeId, String> named = new TreeMap<>();
        for (String seed : seeds.split(",")) {
            String[] parts = seed.split("=");
            named.put(new NodeId(parts[0]), parts[1]);
        }
        NodeId self = new NodeId(id);
        return new FoundingPlan(self, "h:" + id.substring(1), "web:" + id, named, groups, 16, 1);
    }

    private Running start(String id) {
        return start(id, "n1=h:1,n2=h:2,n3=h:3", 4);
    }

    private Running start(String id, String seeds, int groups) {
        Running node = new Running(config(id, seeds, groups));
        node.begin();
        return node;
    }

    private final class Running implements Founding.Steps, Connector {
        final FoundingPlan config;
        final boolean[] alive = {true};
        Founding founding;
        Identity started;
        String failure;

        Running(FoundingPlan config) {
            this.config = config;
        }

        void begin() {
            Identity found = disks.get(config.id().value());
            assertThat(config.objection(found)).isNull();
            var lane = time.lane(alive);
            founding =
                    new Founding(config, found, lane, new PeerCalls(lane, this), id -> "", "fleet-" + ++fleets, this);
            listening.put(config.address(), this);
            founding.start();
        }

        void crash() {
            alive[0] = false;
            listening.remove(config.address(), this);
        }

        @Override
        public boolean save(Identity identity) {
            assertThat(alive[0]).isTrue();
            if (savesUntilCrash == 0) {
                savesUntilCrash = -1;
                // Cut off in the middle: durable or not, nobody hears of it.
                if (random.nextBoolean()) {
                    disks.put(config.id().value(), identity);
                }
                crash();
                return false;
            }
            savesUntilCrash--;
            // Through the bytes, as a disk would.
            disks.put(config.id().value(), Identity.decode(identity.encode()));
            return true;
        }

        @Override
        public void started(Identity identity) {
            assertThat(started).as("told once").isNull();
            assertThat(disks.get(config.id().value()).isStarted()).isTrue();
            started = identity;
        }

        @Override
        public void failed(String reason) {
            assertThat(failure).as("told once").isNull();
            failure = reason;
        }

        @Override
        public Connection connect(String address, ConnectionHandler handler) {
            return new Connection() {
                @Override
                public void send(ClientFrame frame) {
                    if (random.nextInt(100) < lossPercent) {
                        return;
                    }
                    time.at(delay(), () -> {
                        if (!alive[0]) {
                            return;
                        }
                        Running target = listening.get(address);
                        if (target == null) {
                            handler.onClosed("connection refused");
                            return;
                        }
                        for (Request request : frame.getRequestsList()) {
                            FoundingReply reply = target.founding.handle(request.getFounding());
                            if (target.alive[0] && random.nextInt(100) >= lossPercent) {
                                time.at(
                                        delay(),
                                        () -> handler.onFrame(ServerFrame.newBuilder()
                                                .addResponses(Response.newBuilder()
                                                        .setId(request.getId())
                                                        .setFounding(reply))
                                                .build()));
                            }
                        }
                    });
                }

                @Override
                public void close() {}
            };
        }

        private long delay() {
            return (1 + random.nextInt(20)) * MILLI;
        }

        @Override
        public void close() {}
    }

    private void assertFounded(Running... nodes) {
        TreeSet<String> ids = new TreeSet<>();
        for (Running node : nodes) {
            assertThat(node.failure).isNull();
            assertThat(node.started)
                    .as(node.config.id() + ": " + node.founding.waitingFor())
                    .isNotNull();
            ids.add(node.started.fleetId());
        }
        assertThat(ids).hasSize(1);
    }

    @Test
    void threeNodesFoundOneFleetAndKnowEachOthersPages() {
        Running n2 = start("n2");
        time.runFor(3_000);
        Running n1 = start("n1");
        time.runFor(3_000);
        assertThat(n1.started).as("not without all of them").isNull();
        assertThat(disks).isEmpty();
        Running n3 = start("n3");
        time.runFor(3_000);
        assertFounded(n1, n2, n3);
        assertThat(n2.started.nodes()).extracting(Node::getFeatureLevel).containsExactly(1, 1, 1);
        assertThat(n2.started.nodes()).extracting(Node::getHttpAddress).containsExactly("web:n1", "web:n2", "web:n3");
        assertThat(disks.get("n1").state()).isEqualTo(Identity.State.FOUNDED);
        assertThat(n3.started.groups()).isEqualTo(4);
        assertThat(n3.started.shards()).isEqualTo(16);
    }

    @Test
    void oneNodeIsAFleet() {
        Running n1 = start("n1", "n1=h:1", 1);
        assertFounded(n1);
    }

    /** Crashes at each save in turn, over a network that loses a third of everything. */
    @Test
    void aCrashAtAnyStepDelaysTheFoundingAndNeverSplitsIt() {
        for (int seed = 0; seed < 200; seed++) {
            random.setSeed(seed);
            disks.clear();
            listening.clear();
            lossPercent = seed % 3 * 15;
            savesUntilCrash = seed % 8;
            Running[] nodes = {start("n1"), start("n2"), start("n3")};
            for (int step = 0; step < 200; step++) {
                time.runFor(200);
                TreeSet<String> fleets = new TreeSet<>();
                disks.values().forEach(identity -> fleets.add(identity.fleetId()));
                assertThat(fleets).as("seed " + seed).hasSizeLessThanOrEqualTo(1);
                for (int i = 0; i < nodes.length; i++) {
                    if (nodes[i].started != null) {
                        assertThat(disks)
                                .as("seed " + seed + ": all prepared before one starts")
                                .hasSize(3);
                    }
                    if (!nodes[i].alive[0]) {
                        nodes[i] = start(nodes[i].config.id().value());
                    }
                }
            }
            assertFounded(nodes);
            for (Running node : nodes) {
                node.crash();
            }
        }
    }

    @Test
    void aPreparedNodeLearnsOfTheStartWithoutTheFounder() {
        Running n1 = start("n1");
        Running n2 = start("n2");
        Running n3 = start("n3");
        for (int i = 0; i < 3_000 && n1.started == null; i++) {
            time.runFor(1);
        }
        n1.crash();
        assertThat(n3.started).isNull();
        // The founder reached n2 alone, and is gone for good.
        n2.founding.handle(FoundingRequest.newBuilder()
                .setStep(FoundingRequest.Step.START)
                .setFrom("n1")
                .setFleetId(disks.get("n1").fleetId())
                .build());
        time.runFor(3_000);
        assertFounded(n2, n3);
    }

    @Test
    void theOneThatCameLaterWithOtherSeedsGivesUpAndDisturbsNobody() {
        Running n1 = start("n1");
        Running n2 = start("n2");
        time.runFor(2_000);
        Running wrong = start("n3", "n1=h:1,n3=h:3", 4);
        time.runFor(3_000);
        assertThat(wrong.failure).isNotNull();
        assertThat(wrong.failure).contains("different seeds");
        assertThat(n1.failure).isNull();
        assertThat(n2.failure).isNull();
        assertThat(disks).isEmpty();
        wrong.crash();
        Running n3 = start("n3");
        time.runFor(3_000);
        assertFounded(n1, n2, n3);
    }

    @Test
    void differentSizesAreAContradictionToo() {
        start("n1");
        start("n2");
        time.runFor(2_000);
        Running wrong = start("n3", "n1=h:1,n2=h:2,n3=h:3", 5);
        time.runFor(3_000);
        assertThat(wrong.failure).contains("5 groups").contains("4 and 16");
        assertThat(disks).isEmpty();
    }

    @Test
    void anAddressThatBelongsToAnotherNodeIsNamed() {
        start("n1", "n1=h:1,n2=h:2", 4);
        Running wrong = new Running(config("n3", "n2=h:1,n3=h:3", 4));
        time.runFor(1_000);
        wrong.begin();
        time.runFor(2_000);
        assertThat(wrong.failure).contains("h:1").contains("n1").contains("n2");
    }

    @Test
    void aWipedNodeIsRefusedWhetherFounderOrNot() {
        for (String wiped : List.of("n1", "n2", "n3")) {
            disks.clear();
            listening.clear();
            List<Running> nodes = new ArrayList<>(List.of(start("n1"), start("n2"), start("n3")));
            time.runFor(5_000);
            assertFounded(nodes.toArray(new Running[0]));
            Running victim = nodes.get(wiped.charAt(1) - '1');
            victim.crash();
            disks.remove(wiped);
            Running again = start(wiped);
            time.runFor(5_000);
            assertThat(again.started).isNull();
            assertThat(again.failure).contains("new id").contains(wiped);
            assertThat(disks).doesNotContainKey(wiped);
            again.crash();
            nodes.forEach(Running::crash);
        }
    }

    @Test
    void badSeedsAreNamedAtOnce() {
        assertThat(config("n4", "n1=h:1,n2=h:2", 1).objection(null)).contains("n4", "not among the seeds");
        assertThat(config("n1", "n1=h:9,n2=h:2", 1).objection(null)).contains("h:9", "h:1");
        assertThat(config("n1", "n1=h:1,n2=h:1", 1).objection(null)).contains("n1", "n2", "same address");
        FoundingPlan none = config("n1", "n1=h:1", 1);
        FoundingPlan empty = new FoundingPlan(none.id(), none.address(), "", new TreeMap<>(), 1, 1, 1);
        assertThat(empty.objection(null)).contains("--seeds");
    }
}
