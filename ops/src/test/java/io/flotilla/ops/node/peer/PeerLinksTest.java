package io.flotilla.ops.node.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.net.Connection;
import io.flotilla.client.net.ConnectionHandler;
import io.flotilla.client.net.Connector;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.ops.node.TestTime;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PeerLinksTest {
    private static final long SECOND = 1_000_000_000L;

    private final TestTime time = new TestTime();
    private final Lane lane = time.lane(new boolean[] {true});
    private final Other other = new Other();
    private final PeerLinks links = new PeerLinks(lane, new PeerCalls(lane, other));
    private final List<String> heard = new ArrayList<>();

    /** Keeps what it is asked. */
    private static final class Other implements Connector {
        final List<Request> asked = new ArrayList<>();
        ConnectionHandler handler;
        int opened;
        int closed;

        @Override
        public Connection connect(String address, ConnectionHandler made) {
            opened++;
            handler = made;
            return new Connection() {
                @Override
                public void send(ClientFrame frame) {
                    asked.addAll(frame.getRequestsList());
                }

                @Override
                public void close() {
                    closed++;
                }
            };
        }

        void answer(long id) {
            handler.onFrame(ServerFrame.newBuilder()
                    .addResponses(Response.newBuilder().setId(id))
                    .build());
        }

        @Override
        public void close() {}
    }

    private void ask(String name) {
        links.call(
                "n2:1",
                Request.newBuilder(),
                2 * SECOND,
                answer -> heard.add(name),
                why -> heard.add(name + ": " + why));
    }

    @Test
    void oneStreamCarriesAll() {
        ask("a");
        ask("b");
        time.runFor(1);
        assertThat(other.opened).isEqualTo(1);
        assertThat(other.asked).hasSize(2);
        other.answer(other.asked.get(1).getId());
        other.answer(other.asked.get(0).getId());
        other.answer(other.asked.get(0).getId());
        time.runFor(5_000);
        assertThat(heard).containsExactly("b", "a");
    }

    @Test
    void whatIsNotAnsweredIsGivenUp() {
        ask("a");
        time.runFor(3_000);
        other.answer(other.asked.get(0).getId());
        time.runFor(1);
        assertThat(heard).containsExactly("a: no answer from n2:1");
    }

    @Test
    void aBrokenStreamIsOpenedAnew() {
        ask("a");
        other.handler.onClosed("reset");
        time.runFor(1);
        ask("b");
        other.answer(other.asked.get(1).getId());
        time.runFor(1);
        assertThat(heard).containsExactly("a: reset", "b");
        assertThat(other.opened).isEqualTo(2);
    }

    @Test
    void tooManyAreRefusedAtOnce() {
        for (int i = 0; i <= PeerLinks.MOST_WAITING; i++) {
            ask("a");
        }
        time.runFor(1);
        assertThat(other.asked).hasSize(PeerLinks.MOST_WAITING);
        assertThat(heard).containsExactly("a: n2:1 has 1024 questions to answer first");
    }

    @Test
    void aStreamThatNobodyUsesIsClosed() {
        ask("a");
        other.answer(1);
        time.runFor(40_000);
        assertThat(other.closed).isEqualTo(1);
        ask("b");
        assertThat(other.opened).isEqualTo(2);
        links.stop();
        assertThat(other.closed).isEqualTo(2);
    }
}
