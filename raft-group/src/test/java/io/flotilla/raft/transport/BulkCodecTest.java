package io.flotilla.raft.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.membership.MembershipChanger;
import io.flotilla.raft.transport.BulkMessage.Ack;
import io.flotilla.raft.transport.BulkMessage.Offer;
import io.flotilla.raft.transport.BulkMessage.Outcome;
import io.flotilla.raft.transport.BulkMessage.Part;
import io.flotilla.raft.transport.BulkMessage.Result;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BulkCodecTest {
    private static final Membership JOINT = MembershipChanger.change(
            Membership.of(new NodeId("n1"), new NodeId("n2"), new NodeId("node-3")),
            MembershipChange.demote(new NodeId("n2"))
                    .and(MembershipChange.addVoter(new NodeId("n4")))
                    .and(MembershipChange.addLearner(new NodeId("n5"))));

    private static final byte[] BYTES = {7, 0, -1, 66};
    private static final List<BulkMessage> ONE_OF_EACH = List.of(
            new Offer(0, Long.MAX_VALUE, 128, new EntryId(127, 1L << 40), JOINT),
            new Part(5, 1, 0, false, BYTES),
            new Part(5, 1, 300, true, new byte[0]),
            new Ack(5, 1, 1L << 20),
            new Result(5, 1, Outcome.INSTALLED, ""),
            new Result(5, 1, Outcome.REFUSED, "kein Platz für 3 GiB"));

    private static BulkMessage decode(byte[] frame) throws MalformedFrameException {
        return BulkCodec.decode(ByteBuffer.wrap(frame));
    }

    @Test
    void everyKindComesBackAsItWas() throws Exception {
        for (BulkMessage message : ONE_OF_EACH) {
            assertThat(decode(BulkCodec.encode(message)))
                    .usingRecursiveComparison()
                    .isEqualTo(message);
        }
        for (Outcome outcome : Outcome.values()) {
            Result result = new Result(1, 2, outcome, "");
            assertThat(decode(BulkCodec.encode(result))).isEqualTo(result);
        }
    }

    @Test
    void aFrameThatIsCutOrGoesOnIsRefused() {
        for (BulkMessage message : ONE_OF_EACH) {
            byte[] frame = BulkCodec.encode(message);
            for (int length = 0; length <= frame.length + 1; length++) {
                byte[] other = Arrays.copyOf(frame, length);
                if (length != frame.length) {
                    assertThatThrownBy(() -> decode(other))
                            .as("%s in %s bytes", message, length)
                            .isInstanceOf(MalformedFrameException.class);
                }
            }
        }
    }

    @Test
    void aDamagedPartIsNeverTakenForWhole() {
        byte[] frame = BulkCodec.encode(new Part(5, 1, 0, false, BYTES));
        for (int bit = (frame.length - BYTES.length) * 8; bit < frame.length * 8; bit++) {
            byte[] bad = frame.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> decode(bad))
                    .isInstanceOf(MalformedFrameException.class)
                    .hasMessageContaining("part 0 of image 1 of group 5 is damaged");
        }
    }

    @Test
    void noiseNeverBreaksTheReader() {
        SplittableRandom random = new SplittableRandom(3);
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] noise = BulkCodec.encode(ONE_OF_EACH.get(round % ONE_OF_EACH.size()));
            for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
                noise[random.nextInt(noise.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try {
                decode(noise);
            } catch (MalformedFrameException e) {
                refused++;
            } catch (RuntimeException e) {
                fail("round " + round, e);
            }
        }
        assertThat(refused).isGreaterThan(5_000);
    }

    @Test
    void anotherVersionIsNamed() {
        byte[] frame = BulkCodec.encode(ONE_OF_EACH.get(0));
        frame[0] = 1;
        assertThatThrownBy(() -> decode(frame))
                .isInstanceOf(MalformedFrameException.class)
                .hasMessageContaining("bulk frame version 1 is not 2");
    }

    @Test
    void theLargestPartFitsAndALongReasonIsCutBetweenCharacters() throws Exception {
        byte[] frame = BulkCodec.encode(
                new Part(Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE, false, new byte[BulkCodec.MAX_PART_BYTES]));
        assertThat(frame.length).isLessThanOrEqualTo(MessageCodec.MAX_FRAME_BYTES);
        assertThat(decode(frame)).isInstanceOf(Part.class);
        Result result = (Result) decode(BulkCodec.encode(new Result(1, 1, Outcome.REFUSED, "ü".repeat(5_000))));
        assertThat(result.reason()).isEqualTo("ü".repeat(512));
    }
}
