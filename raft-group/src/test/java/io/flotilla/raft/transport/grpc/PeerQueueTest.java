package io.flotilla.raft.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.transport.Frame;
import io.flotilla.raft.transport.GroupMessage;
import io.flotilla.raft.transport.MessageCodec;
import io.flotilla.raft.transport.NodeMessage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
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

    private static GroupMessage append(long group, int payloadBytes) {
        Entry entry = new Entry(1, 1, EntryKind.COMMAND, new byte[payloadBytes]);
        return new GroupMessage(group, new Message.AppendRequest(1, EntryId.ZERO, 0, List.of(entry)));
    }

    private static GroupMessage heartbeat(long group) {
        return new GroupMessage(group, new Message.Heartbeat(1, 0, 1));
    }

    @Test
    void messagesLeaveInOrderInFramesOfBoundedSizeAndALargeOneAlone() throws Exception {
        List<GroupMessage> sent = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(1);
        PeerQueue roomy = new PeerQueue(64 << 20);
        for (int i = 0; i < 300; i++) {
            List<GroupMessage> some = new ArrayList<>();
            for (int j = random.nextInt(20); j >= 0; j--) {
                some.add(random.nextInt(50) == 0 ? append(i, 400_000) : append(i, random.nextInt(3_000)));
            }
            assertThat(roomy.offer(some)).isTrue();
            sent.addAll(some);
        }
        List<GroupMessage> received = new ArrayList<>();
        for (byte[] frame = roomy.nextFrame(); frame != null; frame = roomy.nextFrame()) {
            List<GroupMessage> some = MessageCodec.read(ByteBuffer.wrap(frame)).groups();
            assertThat(some.size() == 1 || frame.length <= MessageCodec.FRAME_BYTES)
                    .isTrue();
            received.addAll(some);
        }
        assertThat(received).isEqualTo(sent);
        assertThat(roomy.waitingBytes()).isZero();
    }

    @Test
    void manySmallMessagesCountForWhatTheyTakeInMemory() {
        int taken = 0;
        while (queue.offer(List.of(heartbeat(1)))) {
            taken++;
        }
        assertThat(taken).isBetween(1_000, (1 << 20) / 100);
    }

    @Test
    void theRoomIsGivenBackHoweverAMessageLeaves() {
        List<GroupMessage> some = List.of(append(1, 100_000), heartbeat(2), append(3, 100_000));
        for (int round = 0; round < 100; round++) {
            int taken = 0;
            while (queue.offer(some)) {
                taken++;
            }
            assertThat(taken).isEqualTo(5);
            assertThat(queue.offer(List.of(append(1, 1 << 20)))).as("full").isFalse();
            if (round % 3 == 0) {
                assertThat(queue.clear()).isEqualTo(3 * taken);
            } else if (round % 3 == 1) {
                queue.nextFrame();
                queue.clear();
            } else {
                while (queue.nextFrame() != null) {
                    // to the end
                }
            }
            assertThat(queue.waitingBytes()).as("round %d", round).isZero();
        }
    }

    @Test
    void oneThatIsLargerThanTheBoundTravelsAloneAndOneThatIsTooLargeForAFrameNever() {
        PeerQueue small = new PeerQueue(1_000);
        assertThat(small.offer(List.of(append(1, 5_000)))).isTrue();
        assertThat(small.offer(List.of(heartbeat(1)))).isFalse();
        assertThat(small.nextFrame()).isNotNull();
        assertThat(small.nextFrame()).isNull();
        assertThat(small.offer(List.of(append(1, MessageCodec.MAX_FRAME_BYTES))))
                .isFalse();
        assertThat(small.waitingBytes()).isZero();
        assertThat(small.offer(List.of(heartbeat(1)))).isTrue();
        small.close();
        assertThat(small.offer(List.of(heartbeat(1)))).isFalse();
        assertThat(small.offer(new NodeMessage.DurableBatch(1))).isFalse();
    }

    @Test
    void ofManyThreadsNothingIsLostOrTwiceAndTheOrderOfEachHolds() throws Exception {
        int threads = 4;
        int each = 20_000;
        PeerQueue shared = new PeerQueue(1L << 40);
        List<Thread> running = new ArrayList<>();
        for (int t = 1; t <= threads; t++) {
            long group = t;
            Thread thread = new Thread(() -> {
                for (int i = 1; i <= each; i++) {
                    shared.offer(List.of(new GroupMessage(group, new Message.Heartbeat(1, 0, i))));
                }
            });
            thread.start();
            running.add(thread);
        }
        long[] last = new long[threads + 1];
        int received = 0;
        while (received < threads * each) {
            byte[] frame = shared.nextFrame();
            if (frame == null) {
                Thread.onSpinWait();
                continue;
            }
            for (GroupMessage message :
                    MessageCodec.read(ByteBuffer.wrap(frame)).groups()) {
                long round = ((Message.Heartbeat) message.message()).round();
                assertThat(round).isEqualTo(++last[(int) message.groupId()]);
                received++;
            }
        }
        for (Thread thread : running) {
            thread.join();
        }
        assertThat(shared.nextFrame()).isNull();
        assertThat(shared.waitingBytes()).isZero();
    }
}
