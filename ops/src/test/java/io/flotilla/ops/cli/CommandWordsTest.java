package io.flotilla.ops.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import org.junit.jupiter.api.Test;

class CommandWordsTest {
    private static byte[] line(byte[]... words) {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (byte[] word : words) {
            line.writeBytes(word);
            line.write(0);
        }
        return line.toByteArray();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(UTF_8);
    }

    @Test
    void aReplacementCharacterThatWasMeantIsTaken() {
        byte[] line = line(utf8("java"), utf8("-cp"), utf8("x"), utf8("put"), utf8("\uFFFD"), utf8(""));

        assertThat(CommandWords.of(new String[] {"put", "\uFFFD", ""}, line)).containsExactly("put", "\uFFFD", "");
    }

    @Test
    void wordsAreUtf8WhateverTheLocale() {
        byte[] line = line(utf8("java"), utf8("get"), utf8("\u00fc"));

        assertThat(CommandWords.of(new String[] {"get", "\uFFFD\uFFFD"}, line)).containsExactly("get", "\u00fc");
    }

    @Test
    void bytesThatAreNoUtf8AreRefused() {
        for (byte[] bad : new byte[][] {
            {'a', (byte) 0xff},
            {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
            {(byte) 0xc0, (byte) 0x80},
            {(byte) 0xe2, (byte) 0x82}
        }) {
            String[] args = {"put", "k", new String(bad, UTF_8)};
            assertThatThrownBy(() -> CommandWords.of(args, line(utf8("java"), utf8("put"), utf8("k"), bad)))
                    .isInstanceOfSatisfying(
                            CliException.class,
                            why -> assertThat(why.exitCode()).isEqualTo(ExitCode.REFUSED))
                    .hasMessageStartingWith("word 3 of the command line is not UTF-8")
                    .hasMessageContaining("--hex");
        }
    }

    @Test
    void whereTheBytesAreNotToldAReplacementCharacterIsRefused() {
        for (byte[] line : new byte[][] {{}, line(utf8("k")), line(utf8("java"), utf8("other"), utf8("\uFFFD"))}) {
            assertThatThrownBy(() -> CommandWords.of(new String[] {"get", "\uFFFD"}, line))
                    .isInstanceOf(CliException.class)
                    .hasMessageContaining("perhaps not UTF-8");
            assertThat(CommandWords.of(new String[] {"get", "\u00fc"}, line)).containsExactly("get", "\u00fc");
        }
    }
}
