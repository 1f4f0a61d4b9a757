package io.flotilla.raft.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.core.message.Message;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MessageCodecTest {
    private static final List<GroupMessage> ONE_OF_EACH = List.of(
            new GroupMessage(0, new Message.PreVoteRequest(7, new EntryId(6, 1_000_000))),
            new GroupMessage(1, new Message.PreVoteReply(7, true)),
            new GroupMessage(127, new Message.VoteRequest(128, new EntryId(0, 0))),
            new GroupMessage(127, new Message.VoteRequest(129, new EntryId(7, 8), true)),
            new GroupMessage(127, new Message.TimeoutNow(129, 300)),
            new GroupMessage(127, new Message.ReadIndexRequest(129, Long.MAX_VALUE)),
            new GroupMessage(127, new Message.ReadIndexReply(129, 1L << 61, 300)),
            new GroupMessage(128, new Message.VoteReply(Long.MAX_VALUE, false)),
            new GroupMessage(
                    Long.MAX_VALUE,
                    new Message.AppendRequest(
                            9,
                            new EntryId(3, 41),
                            40,
                            List.of(
                                    Entry.noOp(4, 42),
                                    new Entry(4, 43, EntryKind.COMMAND, new byte[] {1, 2, 3}),
                                    new Entry(
                                            9,
                                            44,
                                            EntryKind.MEMBERSHIP,
                                            MembershipCodec.encode(Membership.of(new NodeId("n1"))))))),
            new GroupMessage(5, new Message.AppendRequest(9, EntryId.ZERO, 0, List.of())),
            new GroupMessage(5, new Message.AppendReply(9, 1L << 40)),
            new GroupMessage(5, new Message.AppendReject(9, 17, 3, List.of(new TermRun(2, 300), new TermRun(1, 4)))),
            new GroupMessage(5, new Message.Heartbeat(9, 16383, 16384)),
            new GroupMessage(5, new Message.HeartbeatReply(9, 1L << 62)));

    @Test
    void everyKindComesBackAsItWas() throws Exception {
        assertThat(MessageCodec.read(ByteBuffer.wrap(MessageCodec.frame(ONE_OF_EACH))))
                .isEqualTo(ONE_OF_EACH);
    }

    @Test
    void theAnnouncedSizeIsTheWrittenOne() {
        for (GroupMessage message : ONE_OF_EACH) {
            assertThat(MessageCodec.frame(List.of(message))).hasSize(1 + MessageCodec.size(message));
        }
    }

    @Test
    void aFrameCutInsideAMessageIsRefused() {
        for (GroupMessage message : ONE_OF_EACH) {
            byte[] frame = MessageCodec.frame(List.of(message));
            for (int length = 2; length < frame.length; length++) {
                ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(frame, length));
                assertThatThrownBy(() -> MessageCodec.read(cut))
                        .as("%s cut to %s bytes", message, length)
                        .isInstanceOf(MalformedFrameException.class);
            }
        }
    }

    @Test
    void damagedFramesAreRefusedOrReadButNeverBreakTheReader() {
        SplittableRandom random = new SplittableRandom(1);
        byte[] good = MessageCodec.frame(ONE_OF_EACH);
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] bad = good.clone();
            for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
                bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try {
                MessageCodec.read(ByteBuffer.wrap(bad));
            } catch (MalformedFrameException e) {
                refused++;
            } catch (RuntimeException e) {
                fail("round " + round, e);
            }
        }
        assertThat(refused).isGreaterThan(1_000);
    }

    @Test
    void noiseIsRefused() {
        SplittableRandom random = new SplittableRandom(2);
        for (int round = 0; round < 20_000; round++) {
            byte[] noise = new byte[random.nextInt(1, 200)];
            for (int i = 0; i < noise.length; i++) {
                noise[i] = (byte) random.nextInt();
            }
            noise[0] = MessageCodec.VERSION;
            try {
                MessageCodec.read(ByteBuffer.wrap(noise));
            } catch (MalformedFrameException e) {
                assertThat(e).hasMessageContaining("malformed frame at byte");
            }
        }
    }

    @Test
    void anAnnouncedCountCannotAskForMoreMemoryThanItsFrame() {
        ByteBuffer frame = ByteBuffer.allocate(64);
        frame.put((byte) MessageCodec.VERSION).put((byte) 0).put((byte) 5);
        frame.put(new byte[] {1, 0, 0, 0}); // term, previous, commit
        frame.put(new byte[] {-1, -1, -1, -1, 7}).flip(); // two thousand million entries
        assertThatThrownBy(() -> MessageCodec.read(frame))
                .isInstanceOf(MalformedFrameException.class)
                .hasMessageContaining("entries are announced");
    }

    @Test
    void moreRunsThanARefusalHasAreRefused() {
        ByteBuffer frame = ByteBuffer.allocate(64);
        frame.put((byte) MessageCodec.VERSION).put((byte) 0).put((byte) 7);
        frame.put(new byte[] {1, 9, 9, 17}).put(new byte[34]).flip(); // term, rejected index, end, runs
        assertThatThrownBy(() -> MessageCodec.read(frame))
                .isInstanceOf(MalformedFrameException.class)
                .hasMessageContaining("17 runs of terms are announced");
    }

    @Test
    void anotherVersionIsNamed() {
        byte[] frame = MessageCodec.frame(ONE_OF_EACH);
        frame[0] = 1;
        assertThatThrownBy(() -> MessageCodec.read(ByteBuffer.wrap(frame)))
                .isInstanceOf(MalformedFrameException.class)
                .hasMessageContaining("frame version 1 is not 2");
    }

    @Test
    void tooLargeAFrameIsRefusedUnread() {
        assertThatThrownBy(() -> MessageCodec.read(ByteBuffer.allocate(MessageCodec.MAX_FRAME_BYTES + 1)))
                .isInstanceOf(MalformedFrameException.class)
                .hasMessageContaining("larger than the allowed");
    }

    @Test
    void theLargestPayloadFitsIntoAFrame() throws Exception {
        List<Entry> entries =
                new ArrayList<>(List.of(new Entry(1, 1, EntryKind.COMMAND, new byte[MessageCodec.MAX_PAYLOAD_BYTES])));
        byte[] frame = MessageCodec.frame(
                List.of(new GroupMessage(1, new Message.AppendRequest(1, EntryId.ZERO, 0, entries))));
        assertThat(MessageCodec.read(ByteBuffer.wrap(frame))).hasSize(1);
    }
}
