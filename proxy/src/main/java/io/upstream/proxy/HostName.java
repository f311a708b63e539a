// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.net.IDN;
import java.util.Locale;
import java.util.regex.Pattern;

/** Host names in the one form that may be compared and sent. */
final class HostName {
    private static final Pattern LABELS = Pattern.compile("[a-z0-9_-]{1,63}(\\.[a-z0-9_-]{1,63})*");
    private static final int MAX_LENGTH = 253;

    private HostName() {}

    /**
     * Lower case, every label an A-label (RFC 5890). The result is checked once more, since the mapping can make separators out of
     * look-alikes.
     *
     * @throws IllegalArgumentException if that is no host name; the message does not repeat it
     */
    static String ascii(String name) {
        String ascii;
        try {
            ascii = IDN.toASCII(name.toLowerCase(Locale.ROOT)).toLowerCase(Locale.ROOT);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("not a host name", e);
        }
        if (ascii.length() > MAX_LENGTH || !LABELS.matcher(ascii).matches()) {
            throw new IllegalArgumentException("not a host name");
        }
        return ascii;
    }

    /** Without the dot of the root, which means the same and is matched by few. */
    static String withoutRoot(String name) {
        return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    }
}
