// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The certificate authorities whose devices the hub lets in, by the names they were registered under. Thread-safe. */
public final class TrustedAuthorities {
    /** As many as an IoT Hub takes. */
    static final int MAX_AUTHORITIES = 100;

    private final Map<String, X509Certificate> authorities = new TreeMap<>();

    TrustedAuthorities() {}

    /**
     * Trusts an authority from now on, in place of an earlier one of this name.
     *
     * @throws HubException {@link HubError#MALFORMED} if the certificate is not an authority's
     */
    public synchronized void put(String name, X509Certificate certificate) throws HubException {
        if (certificate.getBasicConstraints() < 0) {
            throw new HubException(
                    HubError.MALFORMED, "the certificate " + name + " is not a certificate authority's (RFC 5280)");
        }
        if (authorities.size() >= MAX_AUTHORITIES && !authorities.containsKey(name)) {
            throw new HubException(
                    HubError.QUOTA_EXCEEDED, "the hub trusts " + MAX_AUTHORITIES + " authorities already");
        }
        authorities.put(name, certificate);
    }

    /** Whether there was one to forget. Connections that stand are left alone. */
    public synchronized boolean remove(String name) {
        return authorities.remove(name) != null;
    }

    public synchronized @Nullable X509Certificate get(String name) {
        return authorities.get(name);
    }

    /** A copy, by name. */
    public synchronized Map<String, X509Certificate> all() {
        return new TreeMap<>(authorities);
    }

    /** Whether a path leads from the first certificate over the others to an authority, all of them valid at this time. */
    boolean vouchesFor(List<X509Certificate> chain, Instant now) {
        return Certificates.leadsTo(chain, all().values(), now);
    }
}
