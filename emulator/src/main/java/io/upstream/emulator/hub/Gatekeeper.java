// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import io.upstream.emulator.hub.Authentication.SymmetricKeys;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Decides who may come in: devices and modules by token or certificate, services by a token of the policy. */
final class Gatekeeper {
    private final String hostName;
    private final Clock clock;
    private final Duration tokenGrace;
    private final ServicePolicy policy;
    private final IdentityRegistry registry;
    private final TrustedAuthorities authorities = new TrustedAuthorities();
    private final CertificateCheck certificates = new CertificateCheck(authorities);

    /** @param tokenGrace how long a connection may outlive its token; a new connection never may */
    Gatekeeper(String hostName, Clock clock, Duration tokenGrace, ServicePolicy policy, IdentityRegistry registry) {
        this.hostName = hostName;
        this.clock = clock;
        this.tokenGrace = tokenGrace;
        this.policy = policy;
        this.registry = registry;
    }

    TrustedAuthorities authorities() {
        return authorities;
    }

    ServicePolicy policy() {
        return policy;
    }

    Instant authorize(HubIdentity identity, String sasToken) throws HubException {
        SasToken token = SasToken.parse(sasToken);
        RegisteredIdentity entry = registry.get(identity);
        if (!token.covers(hostName, identity)) {
            throw refused("the token is not for " + identity + " of " + hostName);
        }
        Instant end = verify(token, entry);
        registry.requireEnabled(identity);
        return end;
    }

    Instant authorize(HubIdentity identity, List<X509Certificate> chain) throws HubException {
        Instant end = certificates.check(registry.get(identity), chain, clock.instant());
        registry.requireEnabled(identity);
        return end;
    }

    Hub.Grant readToken(String sasToken) throws HubException {
        SasToken token = SasToken.parse(sasToken);
        HubIdentity identity = token.identity(hostName);
        return new Hub.Grant(identity, verify(token, registry.get(identity)));
    }

    void authorizeService(String sasToken) throws HubException {
        SasToken token = SasToken.parse(sasToken);
        if (token.policy().isEmpty() || !token.coversHub(hostName)) {
            throw refused(
                    "a service needs a token for " + hostName + " with the name of a shared access policy as skn");
        }
        verify(token, policyKeys(token), "policy " + policy.name());
    }

    private Instant verify(SasToken token, RegisteredIdentity entry) throws HubException {
        if (!token.policy().isEmpty()) {
            return verify(token, policyKeys(token), "policy " + policy.name());
        }
        if (entry.authentication() instanceof SymmetricKeys keys) {
            return verify(token, keys, entry.identity().toString());
        }
        throw refused(entry.identity() + " is not registered for tokens but for "
                + entry.authentication().typeName());
    }

    private SymmetricKeys policyKeys(SasToken token) throws HubException {
        if (!token.policy().equals(policy.name())) {
            throw refused("the hub has no shared access policy of the name that the token gives");
        }
        return new SymmetricKeys(policy.primaryKey(), policy.secondaryKey());
    }

    private Instant verify(SasToken token, SymmetricKeys keys, String owner) throws HubException {
        // Both are tried, so that the time taken does not tell which of the two signed.
        boolean primary = token.isSignedWith(keys.primary());
        boolean secondary = token.isSignedWith(keys.secondary());
        if (!primary && !secondary) {
            throw refused("the token for " + owner + " has a wrong signature");
        }
        if (!token.expiry().isAfter(clock.instant())) {
            throw refused("the token for " + owner + " expired at " + token.expiry());
        }
        return token.expiry().plus(tokenGrace);
    }

    private static HubException refused(String why) {
        return new HubException(HubError.UNAUTHORIZED, why);
    }
}
