package io.flotilla.ops.cli;

import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Sizes as people write them: a whole number and its unit, {@code 512KiB}, {@code 64MiB}, {@code 2GiB}. In bytes. */
public final class SizeText implements ITypeConverter<Long> {
    private static final String[] UNITS = {"bytes", "KiB", "MiB", "GiB", "TiB"};

    /** About so much, for people: {@code 12 bytes}, {@code 3.4 KiB}, {@code 256 MiB}. */
    public static String print(long bytes) {
        double size = bytes;
        int unit = 0;
        while (size >= 1024 && unit < UNITS.length - 1) {
            size /= 1024;
            unit++;
        }
        String format = unit == 0 || size >= 9.95 ? "%.0f %s" : "%.1f %s";
        return String.format(Locale.ROOT, format, size, UNITS[unit]);
    }

    @Override
    public Long convert(String text) {
        int digits = 0;
        while (digits < text.length() && text.charAt(digits) >= '0' && text.charAt(digits) <= '9') {
            digits++;
        }
        int shift = switch (text.substring(digits)) {
            case "KiB" -> 10;
            case "MiB" -> 20;
            case "GiB" -> 30;
            default -> 0;
        };
        if (digits == 0 || digits > 7 || shift == 0) {
            throw new TypeConversionException("'" + text + "' is no size such as 512KiB, 64MiB or 2GiB");
        }
        return Long.parseLong(text.substring(0, digits)) << shift;
    }
}
