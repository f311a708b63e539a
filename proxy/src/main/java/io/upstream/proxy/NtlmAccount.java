// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

/**
 * Whom NTLM is to log in.
 *
 * @param domain empty where the user name says it all, as in {@code name@example.com}
 */
record NtlmAccount(String domain, String user) {

    /** From {@code DOMAIN\name}, {@code DOMAIN/name}, {@code name@example.com} or a bare name. */
    static NtlmAccount of(String name) {
        int separator = name.indexOf('\\');
        if (separator < 0) {
            separator = name.indexOf('/');
        }
        return separator < 0
                ? new NtlmAccount("", name)
                : new NtlmAccount(name.substring(0, separator), name.substring(separator + 1));
    }

    /** What the key is bound to: the user name in capitals, one letter for one as Windows does it, and the domain as it stands. */
    String identity() {
        StringBuilder text = new StringBuilder(user.length() + domain.length());
        user.chars().forEach(c -> text.append(Character.toUpperCase((char) c)));
        return text.append(domain).toString();
    }
}
