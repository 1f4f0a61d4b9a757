package io.flotilla.ops.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class BackgroundOutputTest {
    private final CountDownLatch read = new CountDownLatch(1);
    private final ByteArrayOutputStream arrived = new ByteArrayOutputStream();

    private final OutputStream slowReader = new OutputStream() {
        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            try {
                read.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            arrived.write(bytes, from, count);
        }
    };

    private static byte[] line(int number) {
        return (number + "\n").getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void whoWritesNeverWaitsAndWhatIsReadLateIsInOrder() {
        BackgroundOutput out = new BackgroundOutput("test", slowReader);
        int lines = 1_000_000;
        for (int i = 0; i < lines; i++) {
            byte[] line = line(i);
            out.write(line, 0, line.length);
        }
        out.drain(1);
        read.countDown();
        out.drain(20_000);
        int expected = 0;
        for (String line : arrived.toString(StandardCharsets.UTF_8).split("\n")) {
            assertThat(line).isEqualTo(Integer.toString(expected++));
        }
        assertThat(expected).isBetween(1_000, lines - 1);
        out.write(line(7), 0, 2);
        out.drain(20_000);
        assertThat(arrived.toString(StandardCharsets.UTF_8)).endsWith("\n7\n");
    }

    @Test
    void aReaderThatIsGoneIsNobodysTrouble() {
        BackgroundOutput out = new BackgroundOutput("test", new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        });
        for (int i = 0; i < 100_000; i++) {
            byte[] line = line(i);
            out.write(line, 0, line.length);
            out.flush();
        }
        out.drain(20_000);
    }
}
