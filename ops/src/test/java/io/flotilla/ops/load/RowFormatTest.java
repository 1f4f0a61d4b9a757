package io.flotilla.ops.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.client.Limits;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RowFormatTest {
    private static final InputPrefix FIRST = InputPrefix.ofUnknown(1);

    @Test
    void splitsBytesAtTheFirstTab() throws Exception {
        LoadRow row = RowFormat.tabSeparated(false)
                .parse(InputPrefix.ofUnknown(5), "k\u00ff\tv\t\u0000\r".getBytes(ISO_8859_1));

        assertThat(row.line()).isEqualTo(5);
        assertThat(row.key()).isEqualTo(new byte[] {'k', (byte) 0xff});
        assertThat(row.value()).isEqualTo(new byte[] {'v', '\t', 0, '\r'});
    }

    @Test
    void readsHex() throws Exception {
        LoadRow row = RowFormat.tabSeparated(true).parse(FIRST, "00ff\t0a".getBytes(UTF_8));

        assertThat(row.key()).isEqualTo(new byte[] {0, (byte) 0xff});
        assertThat(row.value()).isEqualTo(new byte[] {10});
    }

    @Test
    void readsJsonWithTextOrHexAndIgnoresOtherFields() throws Exception {
        LoadRow row = RowFormat.jsonLines(false)
                .parse(FIRST, "{\"version\":[1,{}],\"keyHex\":\"ff\",\"value\":\"\u00fc\\n\"}".getBytes(UTF_8));

        assertThat(row.key()).isEqualTo(new byte[] {(byte) 0xff});
        assertThat(row.value()).isEqualTo("\u00fc\n".getBytes(UTF_8));
    }

    @Test
    void namesWhatIsWrongWithALine() {
        RowFormat tsv = RowFormat.tabSeparated(false);
        assertThatThrownBy(() -> tsv.parse(FIRST, "no tab".getBytes(UTF_8)))
                .isInstanceOf(MalformedLineException.class)
                .hasMessage("has no tab between key and value");
        assertThatThrownBy(() -> tsv.parse(FIRST, "\tvalue".getBytes(UTF_8)))
                .isInstanceOf(MalformedLineException.class)
                .hasMessage("has an empty key");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "[1]                          | is no JSON object",
                "{\"key\":\"k\"}                | has no \"value\"",
                "{\"key\":1,\"value\":\"\"}     | \"key\" that is no string",
                "{\"keyHex\":\"f\",\"value\":\"\"} | keyHex that is not hex",
                "{\"key\":\"k\",\"value\":\"v\"} x | is no JSON",
                "{\"key\":\"k\",                | is no JSON",
                "{\"key\":\"k\",\"value\":\"v\"   | is no JSON",
                "{\"key\":\"k\\ud800\",\"value\":\"v\"} | half a surrogate pair in its \"key\"",
                "{\"key\":\"k\",\"value\":\"\\udfff\\ud800\"} | half a surrogate pair in its \"value\"",
                "{\"key\":\"k\",\"value\":\"v\",\"key\":\"l\"} | has two keys",
                "{\"key\":\"k\",\"value\":\"v\",\"valueHex\":\"00\"} | has two values",
            })
    void namesWhatIsWrongWithAJsonLine(String line, String message) {
        assertThatThrownBy(() -> RowFormat.jsonLines(false).parse(FIRST, line.getBytes(UTF_8)))
                .isInstanceOf(MalformedLineException.class)
                .hasMessageContaining(message);
    }

    @Test
    void jsonThatIsNoUtf8IsRefused() {
        for (int[] bad : new int[][] {{0xff}, {0xed, 0xa0, 0x80}, {0xc0, 0x80}, {0xf4, 0x90, 0x80, 0x80}}) {
            StringBuilder key = new StringBuilder();
            for (int each : bad) {
                key.append((char) each);
            }
            byte[] line = ("{\"key\":\"" + key + "\",\"value\":\"v\"}").getBytes(ISO_8859_1);
            assertThatThrownBy(() -> RowFormat.jsonLines(false).parse(FIRST, line))
                    .isInstanceOf(MalformedLineException.class)
                    .hasMessage("is not UTF-8");
        }
    }

    @Test
    void pairsOfSurrogatesAndReplacementCharactersAreText() throws Exception {
        LoadRow row = RowFormat.jsonLines(false)
                .parse(FIRST, "{\"key\":\"\\ud83d\\ude80\",\"value\":\"\\ufffd\uFFFD\"}".getBytes(UTF_8));

        assertThat(row.key()).isEqualTo("\ud83d\ude80".getBytes(UTF_8));
        assertThat(row.value()).isEqualTo("\uFFFD\uFFFD".getBytes(UTF_8));
    }

    @Test
    void keepsTheLimits() throws Exception {
        RowFormat tsv = RowFormat.tabSeparated(false);
        String longest = "k".repeat(Limits.KEY_BYTES) + "\t" + "v".repeat(Limits.VALUE_BYTES);

        assertThat(tsv.parse(FIRST, longest.getBytes(UTF_8)).bytes()).isEqualTo(Limits.KEY_BYTES + Limits.VALUE_BYTES);
        assertThatThrownBy(() -> tsv.parse(FIRST, ("k" + longest).getBytes(UTF_8)))
                .hasMessageContaining("key of 4097 bytes");
        assertThatThrownBy(() -> tsv.parse(FIRST, (longest + "v").getBytes(UTF_8)))
                .hasMessageContaining("value of 1048577 bytes");
    }

    @Test
    void splitsLinesThatAreLongerThanTheBuffer() throws Exception {
        String big = "x".repeat(3_000_000);
        LineSplitter lines = new LineSplitter(new ByteArrayInputStream((big + "\n\nend").getBytes(UTF_8)));
        List<Integer> lengths = new ArrayList<>();
        for (byte[] line = lines.next(); line != null; line = lines.next()) {
            lengths.add(line.length);
        }

        assertThat(lengths).containsExactly(3_000_000, 0, 3);
        assertThat(lines.bytesRead()).isEqualTo(3_000_005);
    }

    @Test
    void refusesALineWithoutEnd() {
        LineSplitter lines = new LineSplitter(new ByteArrayInputStream(new byte[LineSplitter.MAX_LINE * 3]));

        assertThatThrownBy(lines::next)
                .isInstanceOf(MalformedLineException.class)
                .hasMessageContaining("longer");
    }
}
