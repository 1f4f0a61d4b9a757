package io.flotilla.raft.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.transport.Frame;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.MessageCodec;
import io.flotilla.raft.transport.NodeMessage;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** In what order and in what frames leaves what waits for a peer. */
class PeerQueueTest {
    private final PeerQueue queue = new PeerQueue(1 << 20);

    private Frame next() throws Exception {
        byte[] frame = queue.nextFrame();
        assertThat(frame.length).isLessThanOrEqualTo(MessageCodec.FRAME_BYTES);
        return MessageCodec.read(ByteBuffer.wrap(frame));
    }

    @Test
    void whatNodesTellEachOtherGoesFirstButDoesNotKeepGroupsWaiting() throws Exception {
        NodeMessage large = new NodeMessage.Application(new byte[NodeMessage.Application.MAX_BYTES]);
        List<GroupMessage> heartbeats = List.of(new GroupMessage(5, new Message.Heartbeat(9, 100, 7)));
        queue.offer(heartbeats);
        for (int i = 0; i < 7; i++) {
            assertThat(queue.offer(large)).isTrue();
        }
        assertThat(next()).isEqualTo(new Frame(List.of(large, large, large), List.of()));
        assertThat(next()).isEqualTo(new Frame(List.of(), heartbeats));
        assertThat(next().nodes()).hasSize(3);
        assertThat(next().nodes()).hasSize(1);
        assertThat(queue.nextFrame()).isNull();
        queue.offer(large);
        queue.offer(heartbeats);
        assertThat(queue.clear()).isEqualTo(2);
        assertThat(queue.nextFrame()).isNull();
    }

    @Test
    void theyAreBoundedInNumber() {
        NodeMessage message = new NodeMessage.DurableBatch(1);
        int taken = 0;
        while (queue.offer(message)) {
            taken++;
            assertThat(taken).isLessThan(1_000);
        }
        assertThat(taken).isGreaterThanOrEqualTo(64);
    }
}
