package io.flotilla.raft.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import io.flotilla.raft.transport.BulkMessage.Ask;
import io.flotilla.raft.transport.BulkMessage.Offer;
import io.flotilla.raft.transport.BulkMessage.Outcome;
import io.flotilla.raft.transport.BulkMessage.Over;
import io.flotilla.raft.transport.BulkMessage.Part;
import io.flotilla.raft.transport.BulkMessage.Reason;
import io.flotilla.raft.transport.BulkMessage.Refused;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class BulkCodecTest {
    private static final byte[] BYTES = {7, 0, -1, 66};
    private static final TransferId ID = TransferId.of(new byte[] {1, -1, 3});
    private static final TransferId LONG_ID = TransferId.of(new byte[TransferId.MAX_BYTES]);
    private static final List<BulkMessage> ONE_OF_EACH = List.of(
            new Offer(LONG_ID),
            new Ask(ID, 0, new byte[0], 16, true),
            new Ask(ID, 1L << 40, new byte[] {5, 6}, Integer.MAX_VALUE, false),
            new Part(ID, 0, false, new byte[] {9}, BYTES),
            new Part(ID, 300, true, new byte[0], new byte[0]),
            new Refused(ID, Reason.BUSY, 1_000, ""),
            new Refused(ID, Reason.GONE, 0, "kein Platz für 3 GiB"),
            new Over(ID, Outcome.HELD, ""));

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
            Over over = new Over(ID, outcome, "");
            assertThat(decode(BulkCodec.encode(over))).isEqualTo(over);
        }
        for (Reason reason : Reason.values()) {
            Refused refused = new Refused(ID, reason, 7, "");
            assertThat(decode(BulkCodec.encode(refused))).isEqualTo(refused);
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

    /** In whatever field: a number that was damaged would be believed. */
    @Test
    void aFlippedBitIsNoticedInEveryKindAndPlace() {
        for (BulkMessage message : ONE_OF_EACH) {
            byte[] frame = BulkCodec.encode(message);
            for (int bit = 0; bit < Math.min(frame.length, 400) * 8; bit++) {
                byte[] bad = frame.clone();
                bad[bit / 8] ^= (byte) (1 << bit % 8);
                assertThatThrownBy(() -> decode(bad))
                        .as("bit %s of %s", bit, message)
                        .isInstanceOf(MalformedFrameException.class);
            }
        }
    }

    /** Behind a checksum that is right, as of a sender with a defect. */
    private static byte[] signed(byte[] frame) {
        CRC32C crc = new CRC32C();
        crc.update(frame, 5, frame.length - 5);
        return ByteBuffer.wrap(frame).putInt(1, (int) crc.getValue()).array();
    }

    @Test
    void noiseNeverBreaksTheReader() {
        SplittableRandom random = new SplittableRandom(3);
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] noise = BulkCodec.encode(ONE_OF_EACH.get(round % ONE_OF_EACH.size()));
            for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
                noise[5 + random.nextInt(noise.length - 5)] ^= (byte) (1 << random.nextInt(8));
            }
            signed(noise);
            try {
                decode(noise);
            } catch (MalformedFrameException e) {
                refused++;
            } catch (RuntimeException e) {
                fail("round " + round, e);
            }
        }
        assertThat(refused).isGreaterThan(1_000);
    }

    @Test
    void anotherVersionIsNamed() {
        byte[] frame = BulkCodec.encode(ONE_OF_EACH.get(0));
        frame[0] = 1;
        assertThatThrownBy(() -> decode(frame))
                .isInstanceOf(MalformedFrameException.class)
                .hasMessageContaining("bulk frame version 1 is not " + BulkCodec.VERSION);
    }

    @Test
    void theLargestPartFitsAndALongReasonIsCutBetweenCharacters() throws Exception {
        Part largest = new Part(
                LONG_ID,
                Long.MAX_VALUE,
                false,
                new byte[BulkMessage.MAX_POSITION_BYTES],
                new byte[BulkCodec.MAX_PART_BYTES]);
        byte[] frame = BulkCodec.encode(largest);
        assertThat(frame.length).isLessThanOrEqualTo(MessageCodec.MAX_FRAME_BYTES);
        assertThat(decode(frame)).isInstanceOf(Part.class);
        Over over = (Over) decode(BulkCodec.encode(new Over(ID, Outcome.GIVEN_UP, "ü".repeat(5_000))));
        assertThat(over.text()).isEqualTo("ü".repeat(512));
    }

    @Test
    void anIdHasOneTo256Bytes() {
        assertThatThrownBy(() -> TransferId.of(new byte[0])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> TransferId.of(new byte[257])).isInstanceOf(IllegalArgumentException.class);
        assertThat(TransferId.of("g5".getBytes(StandardCharsets.US_ASCII))).hasToString("g5");
    }
}
