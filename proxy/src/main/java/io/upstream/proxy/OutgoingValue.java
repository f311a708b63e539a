// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.proxy.SchemeChoice.Option;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a scheme says goes out as one header field, and is repeated to nobody. */
final class OutgoingValue {
    private static final Logger log = LoggerFactory.getLogger(OutgoingValue.class);
    private static final AtomicBoolean WARNED = new AtomicBoolean();

    private OutgoingValue() {}

    /**
     * Whether a header field can hold it (RFC 9110 section 5.5): every octet but control characters. Those above 0x7F mean whatever
     * the proxy means by them, and are given back as they came.
     */
    static boolean isSendable(String text) {
        return text.chars().allMatch(c -> c == '\t' || (c >= ' ' && c <= 0xFF && c != 0x7F));
    }

    /** @throws IllegalArgumentException if it cannot be sent; without repeating it */
    static void check(Option option, ProxyServer proxy, String value) {
        if (!isSendable(value)) {
            throw new IllegalArgumentException(
                    option.challenge().scheme() + " gave an answer that is not one line of a header");
        }
        if (option.strength() == PasswordScheme.BASIC
                && proxy.kind() == ProxyKind.HTTP
                && WARNED.compareAndSet(false, true)) {
            log.warn(
                    "the password for {} goes out in clear, readable on the way: use an https:// proxy or Digest"
                            + " (said once for this process)",
                    proxy);
        }
    }
}
