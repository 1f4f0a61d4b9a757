package io.flotilla.kv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class KeysTest {
    @Test
    void bothKindsOfKeysHaveOneOrder() {
        Random random = new Random(1);
        for (int i = 0; i < 100_000; i++) {
            byte[] a = key(random);
            byte[] b = key(random);
            assertThat(Integer.signum(Keys.compare(ByteString.copyFrom(a), ByteString.copyFrom(b))))
                    .isEqualTo(Integer.signum(Keys.compare(a, b)));
        }
    }

    /** Few values and lengths, so that many begin alike. */
    private static byte[] key(Random random) {
        byte[] key = new byte[random.nextInt(4)];
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) (random.nextInt(3) * 127);
        }
        return key;
    }
}
