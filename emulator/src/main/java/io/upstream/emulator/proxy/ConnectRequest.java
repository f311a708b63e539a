// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A CONNECT request in authority-form (RFC 9112 section 3.2.3), read strictly: the Host field must be identical to the target, the port
 * present, and nothing may announce a body.
 *
 * @param host without brackets
 * @param authorization the value of Proxy-Authorization, a secret
 */
record ConnectRequest(String host, int port, @Nullable String authorization) {
    private static final Pattern REQUEST_LINE = Pattern.compile("([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\\S+) HTTP/1\\.1");
    private static final Pattern AUTHORITY =
            Pattern.compile("(?:\\[([0-9a-fA-F:.]+)]|([0-9A-Za-z](?:[0-9A-Za-z._-]*))):([1-9][0-9]{0,4})");
    private static final Pattern FIELD =
            Pattern.compile("([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \\t]*([\\t\\x20-\\x7e\\x80-\\xff]*?)[ \\t]*");

    /** What the request line and one Host field must agree on. */
    @SuppressWarnings("serial") // never serialised
    static final class Malformed extends Exception {
        Malformed(String reason) {
            super(reason);
        }
    }

    /** @param head request line and fields, each ended by CRLF, without the empty line */
    static ConnectRequest parse(String head) throws Malformed {
        String[] lines = head.split("\r\n", -1);
        Matcher start = REQUEST_LINE.matcher(lines[0]);
        if (!start.matches()) {
            throw new Malformed("the request line is not of the form CONNECT host:port HTTP/1.1");
        }
        if (!start.group(1).equals("CONNECT")) {
            throw new Malformed("this proxy only serves CONNECT");
        }
        String target = start.group(2);
        Matcher authority = AUTHORITY.matcher(target);
        if (!authority.matches() || Integer.parseInt(authority.group(3)) > 65_535) {
            throw new Malformed("the target is not host:port with a port from 1 to 65535");
        }
        String authorization = checkFields(lines, target);
        String host = authority.group(1) != null ? authority.group(1) : authority.group(2);
        return new ConnectRequest(host, Integer.parseInt(authority.group(3)), authorization);
    }

    /** The value of Proxy-Authorization, if there is one. */
    private static @Nullable String checkFields(String[] lines, String target) throws Malformed {
        Set<String> seen = new HashSet<>();
        String authorization = null;
        for (int i = 1; i < lines.length; i++) {
            Matcher field = FIELD.matcher(lines[i]);
            if (!field.matches()) {
                throw new Malformed("header field " + i + " is malformed");
            }
            String name = field.group(1).toLowerCase(Locale.ROOT);
            switch (name) {
                case "host" -> requireHost(field.group(2), target, seen);
                case "proxy-authorization" -> {
                    if (!seen.add(name)) {
                        throw new Malformed("Proxy-Authorization is given twice");
                    }
                    authorization = field.group(2);
                }
                case "content-length", "transfer-encoding", "expect", "upgrade", "te", "authorization" ->
                    throw new Malformed("the field " + name + " does not belong in a CONNECT");
                default -> seen.add(name);
            }
        }
        if (!seen.contains("host")) {
            throw new Malformed("the Host field is missing");
        }
        return authorization;
    }

    private static void requireHost(String value, String target, Set<String> seen) throws Malformed {
        if (!seen.add("host")) {
            throw new Malformed("the Host field is given twice");
        }
        if (!value.equals(target)) {
            throw new Malformed("the Host field differs from the target");
        }
    }

    String authority() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }

    @Override
    public String toString() {
        return "ConnectRequest[" + authority() + "]";
    }
}
