package io.flotilla.ops.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class TextFormsTest {
    @ParameterizedTest
    @CsvSource({"250ms,250", "5s,5000", "2m,120000", "1h,3600000"})
    void durations(String text, long millis) {
        assertThat(new DurationText().convert(text)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "s", "0s", "-1s", "1.5s", "5 s", "9999999999s", "169h", "5S"})
    void noDurations(String text) {
        assertThatThrownBy(() -> new DurationText().convert(text)).isInstanceOf(TypeConversionException.class);
    }

    @Test
    void addresses() {
        assertThat(HostPort.parse("db-1.example:7400")).isEqualTo(new HostPort("db-1.example", 7400));
        assertThat(HostPort.parse("[::1]:80")).hasToString("[::1]:80").matches(HostPort::isLoopback);
        assertThat(HostPort.parse("0.0.0.0:1").isLoopback()).isFalse();
        assertThat(HostPort.parse("my_project_n_1.:7400").host()).isEqualTo("my_project_n_1.");
        assertThat(HostPort.parse("255.0.10.9:1").isEverywhere()).isFalse();
        assertThat(List.of("0.0.0.0:1", "[::]:1", "[0:0::0]:1"))
                .allSatisfy(
                        text -> assertThat(HostPort.parse(text).isEverywhere()).isTrue());
        assertThat(List.of(
                        "[zz]:1", "[1]:1", "a..b:1", ".:1", "256.1.1.1:1", "1.2.3:1", "1.2.3.4.5:1", "a@b:1", "é b:1"))
                .allSatisfy(text -> assertThatThrownBy(() -> HostPort.parse(text))
                        .isInstanceOf(TypeConversionException.class)
                        .hasMessageContaining(text));
        assertThat(HostPort.parseNamed("n2=b:2, n1=a:1")).isEqualTo(Map.of("n1", "a:1", "n2", "b:2"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "host",
                ":1",
                "host:",
                "host:0",
                "host:65536",
                "host:-1",
                "host:123456",
                "http://host:1",
                "::1:2"
            })
    void noAddresses(String text) {
        assertThatThrownBy(() -> HostPort.parse(text)).isInstanceOf(TypeConversionException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "n1", "=a:1", "n1=a:1,n1=b:2", "n1=a:1,"})
    void noNamedAddresses(String text) {
        assertThatThrownBy(() -> HostPort.parseNamed(text)).isInstanceOf(TypeConversionException.class);
    }

    @Test
    void bytesAsTextAndHex() {
        ByteText hex = new ByteText(true);
        assertThat(hex.parse("key", "00fF")).isEqualTo(new byte[] {0, (byte) 0xff});
        assertThat(hex.print(new byte[] {0, (byte) 0xff})).asString().isEqualTo("00ff");
        assertThat(new ByteText(false).parse("key", "\u00fc")).isEqualTo(new byte[] {(byte) 0xc3, (byte) 0xbc});
        assertThatThrownBy(() -> hex.parse("key", "abc"))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("'abc' is not hex");
    }

    /** What was no UTF-8 has lost its bytes on the way: nothing may be stored under a key that was not meant. */
    @Test
    void wordsThatWereNoUtf8AreRefused() {
        assertThatThrownBy(() -> new ByteText(false).parse("key", "a\uFFFD"))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("--hex");
    }

    @Test
    void describesBytesForMessages() {
        assertThat(ByteText.describe("k\u00fc".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .isEqualTo("k\u00fc");
        assertThat(ByteText.describe(new byte[] {(byte) 0xff})).isEqualTo("0xff");
        assertThat(ByteText.describe(new byte[] {'a', '\n'})).isEqualTo("0x610a");
        assertThat(ByteText.describe(new byte[4096])).hasSize(81);
    }
}
