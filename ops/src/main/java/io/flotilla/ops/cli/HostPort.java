package io.flotilla.ops.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import picocli.CommandLine.TypeConversionException;

/**
 * An address as it is written in flags: {@code host:port}, {@code [ipv6]:port}. Port 1 – 65535.
 *
 * @param host without brackets
 */
public record HostPort(String host, int port) {

    /** @throws TypeConversionException if the text is no address */
    public static HostPort parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]") && host.length() > 2;
        if (bracketed) {
            host = host.substring(1, host.length() - 1);
        }
        int port = port(text.substring(colon + 1));
        boolean colonInside = host.indexOf(':') >= 0 && !bracketed;
        if (host.isBlank() || port == 0 || colonInside || host.indexOf(' ') >= 0 || host.indexOf('/') >= 0) {
            throw new TypeConversionException("'" + text + "' is no HOST:PORT with a port from 1 to 65535");
        }
        return new HostPort(host, port);
    }

    /** Addresses separated by commas; at least one. */
    public static List<HostPort> parseList(String text) {
        List<HostPort> list = new ArrayList<>();
        for (String one : text.split(",", -1)) {
            list.add(parse(one.strip()));
        }
        return list;
    }

    /** {@code id=host:port,…}: addresses by node id; at least one, no id twice. */
    public static SortedMap<String, String> parseNamed(String text) {
        SortedMap<String, String> named = new TreeMap<>();
        for (String one : text.split(",", -1)) {
            int equals = one.indexOf('=');
            if (equals <= 0) {
                throw new TypeConversionException("'" + one + "' is not ID=HOST:PORT");
            }
            String id = one.substring(0, equals).strip();
            String address = parse(one.substring(equals + 1).strip()).toString();
            if (named.put(id, address) != null) {
                throw new TypeConversionException("the node '" + id + "' is named twice");
            }
        }
        return named;
    }

    private static int port(String digits) {
        int port = 0;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            if (c < '0' || c > '9' || i >= 5) {
                return 0;
            }
            port = port * 10 + (c - '0');
        }
        return port > 65535 ? 0 : port;
    }

    /** Whether only this machine can reach it. */
    public boolean isLoopback() {
        return host.equals("localhost") || host.startsWith("127.") || host.equals("::1");
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
