package io.flotilla.ops.cli;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/**
 * An address as it is written in flags: {@code host:port}, {@code [ipv6]:port}. Port 1 – 65535.
 *
 * @param host without brackets
 */
public record HostPort(String host, int port) {

    private static final int LONGEST_NAME = 253;
    private static final int LONGEST_LABEL = 63;
    /** Underscores are no host names by the book, but names of containers have them. */
    private static final Pattern LABEL = Pattern.compile("[\\p{L}\\p{N}_-]+");

    private static final Pattern NUMBER = Pattern.compile("[0-9]+");
    private static final Pattern IPV4 = Pattern.compile("((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(\\.|$)){4}(?<!\\.)");

    /** @throws TypeConversionException if the text is no address that can be dialled */
    public static HostPort parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]") && host.length() > 2;
        if (bracketed) {
            host = host.substring(1, host.length() - 1);
        }
        int port = port(text.substring(colon + 1));
        if (port == 0 || !(bracketed ? isIpv6(host) : isName(host))) {
            throw new TypeConversionException("'" + text + "' is no HOST:PORT with a port from 1 to 65535");
        }
        return new HostPort(host, port);
    }

    private static boolean isIpv6(String host) {
        try {
            // in brackets it is never looked up
            return host.indexOf(':') >= 0 && InetAddress.getByName("[" + host + "]") != null;
        } catch (UnknownHostException | IllegalArgumentException no) {
            return false;
        }
    }

    /** Whether an operating system could know it; not whether it does, for a name may come to be known. */
    private static boolean isName(String host) {
        if (host.length() > LONGEST_NAME) {
            return false;
        }
        String[] labels = (host.endsWith(".") ? host.substring(0, host.length() - 1) : host).split("\\.", -1);
        for (String label : labels) {
            if (label.isEmpty()
                    || label.length() > LONGEST_LABEL
                    || !LABEL.matcher(label).matches()) {
                return false;
            }
        }
        // no name ends in a number, so it is an IPv4 address or nothing
        return !NUMBER.matcher(labels[labels.length - 1]).matches()
                || IPV4.matcher(host).matches();
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

    /** Whether it stands for all addresses of a machine. */
    public boolean isEverywhere() {
        try {
            return (IPV4.matcher(host).matches() || host.indexOf(':') >= 0)
                    && InetAddress.getByName(host).isAnyLocalAddress();
        } catch (UnknownHostException never) {
            return false;
        }
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
