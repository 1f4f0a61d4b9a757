package io.flotilla.ops.cli;

import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Durations as people write them: a whole number and its unit, {@code 250ms}, {@code 5s}, {@code 2m}, {@code 1h}. */
public final class DurationText implements ITypeConverter<Duration> {
    /** Longer waits are a slip of the pen. */
    private static final long MAX_MILLIS = Duration.ofDays(7).toMillis();

    @Override
    public Duration convert(String text) {
        int digits = 0;
        while (digits < text.length() && text.charAt(digits) >= '0' && text.charAt(digits) <= '9') {
            digits++;
        }
        long unit = switch (text.substring(digits)) {
            case "ms" -> 1;
            case "s" -> 1_000;
            case "m" -> 60_000;
            case "h" -> 3_600_000;
            default -> 0;
        };
        if (digits == 0 || digits > 9 || unit == 0) {
            throw new TypeConversionException("'" + text + "' is no duration such as 250ms, 5s, 2m or 1h");
        }
        long millis = Long.parseLong(text.substring(0, digits)) * unit;
        if (millis == 0 || millis > MAX_MILLIS) {
            throw new TypeConversionException("'" + text + "' is outside 1ms to 168h");
        }
        return Duration.ofMillis(millis);
    }
}
