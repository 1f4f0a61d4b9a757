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
            new GroupMessage(128, new Message.VoteReply(NodeStart.MOST, false)),
            new GroupMessage(
                    NodeStart.MOST,
                    new Message.AppendRequest(
                            9,
                            new EntryId(3, 41),
                            40,
                            List.of(
                                    Entry.noOp(4, 42),
                                    new Entry(4, 43, EntryKind.COMMAND, new byte[] {1, 2, 3}),
                                    new Entry(4, 44, EntryKind.COMMAND, Entry.GUARDED, new byte[] {4}),
                                    new Entry(
                                            9,
                                            45,
                                            EntryKind.MEMBERSHIP,
                                            MembershipCodec.encode(Membership.of(new NodeId("n1"))))))),
            new GroupMessage(5, new Message.AppendRequest(9, EntryId.ZERO, 0, List.of())),
            new GroupMessage(5, new Message.AppendReply(9, 1L << 40)),
            new GroupMessage(5, new Message.AppendReject(9, 17, 3, List.of(new TermRun(2, 300), new TermRun(1, 4)))),
            new GroupMessage(5, new Message.HeldBack(9, 1L << 33, false)),
            new GroupMessage(5, new Message.HeldBack(9, 1, true)),
            new GroupMessage(5, new Message.Heartbeat(9, 16383, 16384)),
            new GroupMessage(5, new Message.HeartbeatReply(9, 1L << 62)));

    private static final List<NodeMessage> OF_NODES = List.of(
            new NodeMessage.DurableBatch(0),
            new NodeMessage.Application(new byte[] {1, -1, 0}),
            new NodeMessage.Application(new byte[0]),
            new NodeMessage.SyncTime(3_900_000_000L),
            new NodeMessage.DurableBatch(1L << 40));

    /** The bytes as a frame whose checksum is right: what else is wrong must be found behind it. */
    private static byte[] sealed(byte... messages) {
        return MessageCodec.end(
                MessageCodec.begin(MessageCodec.FRAME_HEADER + messages.length).put(messages));
    }

    private static byte[] sealed(ByteBuffer messages) {
        byte[] bytes = new byte[messages.flip().remaining()];
        messages.get(bytes);
        return sealed(bytes);
    }

    private static byte[] messagesOf(byte[] frame) {
        return Arrays.copyOfRange(frame, MessageCodec.FRAME_HEADER, frame.length);
    }

    private static Frame read(byte[] frame) throws MalformedFrameException {
        return MessageCodec.read(ByteBuffer.wrap(frame));
    }

    private static void assertRefused(byte[] frame, String why) {
        assertThatThrownBy(() -> read(frame))
                .isInstanceOf(MalformedFrameException.class)
                .hasMessageContaining("malformed frame at byte")
                .hasMessageContaining(why);
    }

    /** Of a sender with a defect, for the checksums are right. */
    @Test
    void termsAndIndexesThatNoLogReachesAreRefused() {
        long absurd = 2_500_000_000_000_000_000L;
        EntryId id = new EntryId(1, 1);
        for (Message message : new Message[] {
            new Message.VoteRequest(absurd, id),
            new Message.VoteRequest(5, new EntryId(1, absurd)),
            new Message.Heartbeat(absurd, 1, 1),
            new Message.Heartbeat(5, absurd, 1),
            new Message.AppendRequest(absurd, id, 1, List.of()),
            new Message.AppendRequest(5, id, absurd, List.of()),
            new Message.AppendRequest(5, new EntryId(1, absurd), 1, List.of()),
            new Message.AppendReply(5, absurd),
            new Message.ReadIndexReply(5, 1, absurd)
        }) {
            assertRefused(MessageCodec.frame(List.of(new GroupMessage(1, message))), "which none can ever be");
        }
        assertRefused(
                MessageCodec.frame(new Frame(List.of(new NodeMessage.DurableBatch(absurd)), List.of())),
                "which none can ever be");
        Entry later = new Entry(9, 2, EntryKind.COMMAND, new byte[0]);
        assertRefused(
                MessageCodec.frame(List.of(new GroupMessage(1, new Message.AppendRequest(5, id, 1, List.of(later))))),
                "an entry of term 9 in a message of term 5");
    }

    @Test
    void everyKindComesBackAsItWas() throws Exception {
        Frame frame = new Frame(OF_NODES, ONE_OF_EACH);
        assertThat(read(MessageCodec.frame(frame))).isEqualTo(frame);
        assertThat(read(MessageCodec.frame(List.of()))).isEqualTo(new Frame(List.of(), List.of()));
    }

    @Test
    void theAnnouncedSizeIsTheWrittenOne() {
        for (GroupMessage message : ONE_OF_EACH) {
            assertThat(MessageCodec.frame(List.of(message)))
                    .hasSize(MessageCodec.FRAME_HEADER + MessageCodec.size(message));
        }
        for (NodeMessage message : OF_NODES) {
            assertThat(MessageCodec.frame(new Frame(List.of(message), List.of())))
                    .hasSize(MessageCodec.FRAME_HEADER + MessageCodec.size(message));
        }
    }

    /** Checksum, and of each message its length: what they cost. */
    @Test
    void aFrameOfOneHeartbeatHasTenBytes() {
        assertThat(MessageCodec.frame(List.of(new GroupMessage(5, new Message.Heartbeat(9, 100, 7)))))
                .hasSize(4 + 1 + 5);
    }

    @Test
    void aFrameCutInsideAMessageIsRefused() {
        for (GroupMessage message : ONE_OF_EACH) {
            byte[] frame = MessageCodec.frame(List.of(message));
            for (int length = 0; length < frame.length; length++) {
                assertRefused(Arrays.copyOf(frame, length), "checksum");
                if (length > MessageCodec.FRAME_HEADER) {
                    assertRefused(sealed(messagesOf(Arrays.copyOf(frame, length))), "");
                }
            }
        }
    }

    @Test
    void everyFlippedBitIsNoticed() {
        byte[] good = MessageCodec.frame(new Frame(OF_NODES, ONE_OF_EACH));
        for (int bit = 0; bit < 8 * good.length; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            assertRefused(bad, "the checksum of the frame is wrong");
        }
    }

    /** A sender with a defect: its checksums are right. */
    @Test
    void wrongFramesAreRefusedOrReadButNeverBreakTheReader() {
        SplittableRandom random = new SplittableRandom(1);
        byte[] good = messagesOf(MessageCodec.frame(new Frame(OF_NODES, ONE_OF_EACH)));
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] bad = good.clone();
            for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
                bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try {
                read(sealed(bad));
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
            try {
                read(sealed(noise));
            } catch (MalformedFrameException e) {
                assertThat(e).hasMessageContaining("malformed frame at byte");
            }
        }
    }

    @Test
    void anAnnouncedCountCannotAskForMoreMemoryThanItsFrame() {
        ByteBuffer messages = ByteBuffer.allocate(64);
        messages.put((byte) 11).put((byte) 5).put((byte) 0);
        messages.put(new byte[] {1, 0, 0, 0}); // term, previous, commit
        messages.put(new byte[] {-1, -1, -1, -1, 7}); // two thousand million entries
        assertRefused(sealed(messages), "entries are announced");
    }

    @Test
    void moreRunsThanARefusalHasAreRefused() {
        ByteBuffer messages = ByteBuffer.allocate(64);
        messages.put((byte) 40).put((byte) 7).put((byte) 0);
        messages.put(new byte[] {1, 9, 9, 17}).put(new byte[34]); // term, rejected index, end, runs
        assertRefused(sealed(messages), "17 runs of terms are announced");
    }

    /** It may mean that the entry must not be taken yet. */
    @Test
    void anUnknownFlagOfAnEntryIsRefused() throws Exception {
        byte[] request = {11, 5, 0, 1, 0, 0, 0, 1, 1, 1, Entry.GUARDED, 0};
        GroupMessage read = read(sealed(request)).groups().get(0);
        assertThat(((Message.AppendRequest) read.message()).entries().get(0).flags())
                .isEqualTo(Entry.GUARDED);
        request[10] = 2;
        assertRefused(sealed(request), "unknown entry flags 2");
        request[10] = Entry.GUARDED;
        request[9] = 0;
        assertRefused(sealed(request), "only commands have");
    }

    @Test
    void noEntryBeforeTheFirstIsHeldBack() {
        assertRefused(sealed(new byte[] {5, 13, 0, 1, 0, 1}), "the entry at index 0 is held back");
    }

    @Test
    void whatEmbeddersTellEachOtherIsBounded() throws Exception {
        NodeMessage largest = new NodeMessage.Application(new byte[NodeMessage.Application.MAX_BYTES]);
        Frame frame = new Frame(List.of(largest), List.of());
        assertThat(read(MessageCodec.frame(frame))).isEqualTo(frame);
        assertThatThrownBy(() -> new NodeMessage.Application(new byte[NodeMessage.Application.MAX_BYTES + 1]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("split it");
        byte[] larger = messagesOf(MessageCodec.frame(frame));
        larger = Arrays.copyOf(larger, larger.length + 1);
        larger[0]++;
        assertRefused(sealed(larger), "more than the allowed 65536");
    }

    /** Both nodes speak the version that the greetings agreed on. */
    @Test
    void anUnknownKindOfAGroupsMessageIsRefused() {
        assertRefused(sealed((byte) 3, (byte) 14, (byte) 0, (byte) 1), "unknown message kind 14");
    }

    /** They may be lost anyway. */
    @Test
    void anUnknownKindOfANodesMessageIsSkipped() throws Exception {
        ByteBuffer messages = ByteBuffer.allocate(64);
        messages.put(new byte[] {3, (byte) 0xfe, 9, 9});
        messages.put(messagesOf(MessageCodec.frame(ONE_OF_EACH.subList(0, 1))));
        messages.put(new byte[] {1, (byte) 0xff});
        assertThat(read(sealed(messages))).isEqualTo(new Frame(List.of(), ONE_OF_EACH.subList(0, 1)));
    }

    @Test
    void aMessageThatIsShorterOrLongerThanItSaysIsRefused() {
        byte[] message = messagesOf(MessageCodec.frame(List.of(new GroupMessage(5, new Message.Heartbeat(9, 1, 7)))));
        byte[] longer = Arrays.copyOf(message, message.length + 1);
        longer[0]++;
        assertRefused(sealed(longer), "1 bytes follow a message of kind 8");
        message[0]--;
        assertRefused(sealed(message), "in the middle of a message");
        message[0] = 120;
        assertRefused(sealed(message), "a message of 120 bytes is announced");
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
        assertThat(read(frame).groups()).hasSize(1);
    }
}
