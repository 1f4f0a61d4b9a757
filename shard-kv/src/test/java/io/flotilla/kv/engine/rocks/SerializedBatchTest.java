package io.flotilla.kv.engine.rocks;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.kv.engine.EngineBatch;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/** The bytes are those that RocksDB itself makes of the same changes. */
class SerializedBatchTest {
    @Test
    void isWhatTheDatabaseWouldHaveMade() throws RocksDBException {
        RocksDB.loadLibrary();
        SplittableRandom random = new SplittableRandom(7);
        int[] lengths = {1, 2, 127, 128, 129, 16_383, 16_384, 16_385, 1 << 20};
        for (int run = 0; run < 30; run++) {
            EngineBatch ours = new EngineBatch();
            try (WriteBatch theirs = new WriteBatch()) {
                for (int i = random.nextInt(1, 300); i > 0; i--) {
                    byte[] key = bytes(random, random.nextInt(1, 40));
                    switch (random.nextInt(4)) {
                        case 0 -> {
                            ours.delete(key);
                            theirs.delete(key);
                        }
                        case 1 -> {
                            byte[] after = key.clone();
                            after[0]++;
                            if (key[0] != -1) {
                                ours.deleteRange(key, after);
                                theirs.deleteRange(key, after);
                            }
                        }
                        default -> {
                            int length = i == 1 ? lengths[run % lengths.length] : random.nextInt(300);
                            byte[] value = bytes(random, length);
                            ours.put(key, value);
                            theirs.put(key, value);
                        }
                    }
                }
                assertThat(SerializedBatch.of(ours)).as("run %s", run).isEqualTo(theirs.data());
            }
        }
    }

    private static byte[] bytes(SplittableRandom random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
