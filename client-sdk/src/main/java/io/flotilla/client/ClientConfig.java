package io.flotilla.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How a client behaves. Immutable.
 *
 * @param endpoints {@code host:port} of some nodes of the fleet, in any order; the rest is learnt from them. May be
 *     empty for a client that only {@link AsyncFlotillaClient#call calls} single nodes
 * @param timeout how long an operation may take with all its retries, if the call does not say
 * @param attemptTimeout after this long without any answer of a leader other replicas are asked; of one that answers others, one
 *     request at a time is asked for again after twice as long
 * @param maxInFlightOperations operations given and not yet answered; beyond, calls are refused as BUSY
 * @param maxInFlightBytes the same for the bytes of their keys and values
 */
public record ClientConfig(
        List<String> endpoints,
        Duration timeout,
        Duration attemptTimeout,
        int maxInFlightOperations,
        long maxInFlightBytes) {
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);

    public ClientConfig {
        endpoints = List.copyOf(endpoints);
        for (String endpoint : endpoints) {
            checkAddress(endpoint);
        }
        checkPositive("timeout", timeout);
        checkPositive("attemptTimeout", attemptTimeout);
        if (maxInFlightOperations < 1 || maxInFlightBytes < Limits.BATCH_BYTES) {
            throw new IllegalArgumentException("the in-flight bounds are too small: " + maxInFlightOperations
                    + " operations, " + maxInFlightBytes + " bytes (at least 1 and " + Limits.BATCH_BYTES + ")");
        }
    }

    /** The defaults: 5 s, 1 s, 65,536 operations, 64 MiB. */
    public static ClientConfig of(List<String> endpoints) {
        return new ClientConfig(endpoints, DEFAULT_TIMEOUT, Duration.ofSeconds(1), 65_536, 64L << 20);
    }

    /** @param endpoints {@code host:port,host:port,…} */
    public static ClientConfig of(String endpoints) {
        List<String> list = new ArrayList<>();
        int start = 0;
        while (start <= endpoints.length()) {
            int comma = endpoints.indexOf(',', start);
            int end = comma < 0 ? endpoints.length() : comma;
            String endpoint = endpoints.substring(start, end).strip();
            if (!endpoint.isEmpty()) {
                list.add(endpoint);
            }
            start = end + 1;
        }
        if (list.isEmpty()) {
            throw new IllegalArgumentException("no endpoints given: name at least one node as host:port");
        }
        return of(list);
    }

    public ClientConfig withTimeout(Duration value) {
        return new ClientConfig(endpoints, value, attemptTimeout, maxInFlightOperations, maxInFlightBytes);
    }

    public ClientConfig withAttemptTimeout(Duration value) {
        return new ClientConfig(endpoints, timeout, value, maxInFlightOperations, maxInFlightBytes);
    }

    public ClientConfig withMaxInFlight(int operations, long bytes) {
        return new ClientConfig(endpoints, timeout, attemptTimeout, operations, bytes);
    }

    private static void checkAddress(String address) {
        int colon = address.lastIndexOf(':');
        boolean good = colon > 0 && colon < address.length() - 1;
        int port = 0;
        for (int i = colon + 1; good && i < address.length(); i++) {
            char c = address.charAt(i);
            good = c >= '0' && c <= '9' && i - colon <= 5;
            port = port * 10 + (c - '0');
        }
        if (!good || port < 1 || port > 65_535) {
            throw new IllegalArgumentException("'" + address + "' is no address: write host:port");
        }
    }

    private static void checkPositive(String name, Duration value) {
        if (value.isNegative() || value.isZero() || value.compareTo(Duration.ofDays(365)) > 0) {
            throw new IllegalArgumentException(name + " is out of bounds: " + value);
        }
    }
}
