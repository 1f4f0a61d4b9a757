package io.flotilla.raft.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PeersUpTest {
    private static final NodeId PEER = new NodeId("n2");
    private static final NodeId OTHER = new NodeId("n3");

    private final List<String> told = new ArrayList<>();
    private final PeersUp up = new PeersUp(new TransportReceiver() {
        @Override
        public void receive(NodeId from, List<GroupMessage> messages) {}

        @Override
        public void receiveBulk(NodeId from, BulkMessage message) {}

        @Override
        public void peerUp(NodeId peer, NodeStart start) {
            told.add("+" + peer + " " + start.incarnation());
        }

        @Override
        public void peerDown(NodeId peer, NodeStart start) {
            told.add("-" + peer + " " + start.incarnation());
        }
    });

    private static NodeStart start(long incarnation) {
        return new NodeStart(incarnation, 10 * incarnation, 0);
    }

    @Test
    void aPeerIsUpWhileAStreamIsThere() {
        up.greeted(PEER, start(1));
        up.greeted(PEER, start(1));
        up.greeted(OTHER, start(4));
        up.parted(PEER, start(1));
        assertThat(told).containsExactly("+n2 1", "+n3 4");
        up.parted(PEER, start(1));
        up.greeted(PEER, start(1));
        assertThat(told).containsExactly("+n2 1", "+n3 4", "-n2 1", "+n2 1");
    }

    @Test
    void aLaterStartTakesOverAtOnceAndTheOldStreamsEndUnheard() {
        up.greeted(PEER, start(1));
        up.greeted(PEER, start(2));
        up.parted(PEER, start(1));
        assertThat(told).containsExactly("+n2 1", "-n2 1", "+n2 2");
    }

    @Test
    void aLateGreetingOfAnEarlierStartPutsNobodyBack() {
        up.greeted(PEER, start(2));
        up.greeted(PEER, start(1));
        up.parted(PEER, start(1));
        up.parted(PEER, start(2));
        assertThat(told).containsExactly("+n2 2", "-n2 2");
    }

    @Test
    void twoProcessesOfOneIncarnationAreTwo() {
        NodeStart one = new NodeStart(3, 7, 0);
        NodeStart copy = new NodeStart(3, 8, 0);
        up.greeted(PEER, one);
        up.greeted(PEER, copy);
        up.parted(PEER, copy);
        assertThat(told).containsExactly("+n2 3", "-n2 3", "+n2 3", "-n2 3", "+n2 3");
    }

    @Test
    void anEndWithoutABeginningIsADefect() {
        assertThatThrownBy(() -> up.parted(PEER, start(1))).isInstanceOf(IllegalStateException.class);
    }

    /** Ups and downs alternate, each down names the up before it, and the level is that of the streams there are. */
    @Test
    void theLevelFollowsTheStreams() {
        SplittableRandom random = new SplittableRandom(3);
        List<Integer> open = new ArrayList<>();
        for (int round = 0; round < 10_000; round++) {
            if (open.isEmpty() || random.nextInt(3) > 0 && open.size() < 6) {
                int incarnation = 1 + random.nextInt(4);
                open.add(incarnation);
                up.greeted(PEER, start(incarnation));
            } else {
                up.parted(PEER, start(open.remove(random.nextInt(open.size()))));
            }
            int highest = open.stream().mapToInt(i -> i).max().orElse(0);
            assertThat(told.get(told.size() - 1).startsWith("+")).isEqualTo(highest > 0);
            if (highest > 0) {
                assertThat(told.get(told.size() - 1)).isEqualTo("+n2 " + highest);
            }
        }
        for (int i = 1; i < told.size(); i++) {
            boolean isUp = told.get(i).startsWith("+");
            assertThat(isUp).isEqualTo(told.get(i - 1).startsWith("-"));
            assertThat(isUp || told.get(i).substring(1).equals(told.get(i - 1).substring(1)))
                    .isTrue();
        }
    }
}
