// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import io.upstream.emulator.hub.Authentication;
import io.upstream.emulator.hub.Certificates;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.SasToken;
import io.upstream.emulator.provisioning.Attestation.Authorities;
import io.upstream.emulator.provisioning.Attestation.SymmetricKeys;
import io.upstream.emulator.provisioning.Attestation.Thumbprints;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Decides who a device is. An enrolment of its own goes before any group's. */
final class Gate {
    /** What clients put into {@code skn}, if they put it. */
    private static final Set<String> POLICIES = Set.of("", "registration");

    private static final int SHA_1_DIGITS = 40;

    private final String idScope;
    private final Enrolments enrolments;
    private final Clock clock;

    Gate(String idScope, Enrolments enrolments, Clock clock) {
        this.idScope = idScope;
        this.enrolments = enrolments;
        this.clock = clock;
    }

    Admission admit(RegistrationAddress address, String text) throws ProvisioningException {
        requireScope(address);
        SasToken token = token(text);
        if (!isFor(token, address)) {
            throw refused("the token is not for " + address);
        }
        Admission admission = byToken(address, token);
        if (admission == null) {
            throw refused("no enrolment of " + address + " has a key that signed the token");
        }
        if (!token.expiry().isAfter(clock.instant())) {
            throw refused("the token for " + address + " expired at " + token.expiry());
        }
        return admission;
    }

    private static SasToken token(String text) throws ProvisioningException {
        try {
            return SasToken.parse(text);
        } catch (HubException e) {
            throw refused(String.valueOf(e.getMessage()));
        }
    }

    private static boolean isFor(SasToken token, RegistrationAddress address) {
        List<String> resource = token.segments();
        return resource.size() == 3
                && resource.get(0).equals(address.idScope())
                && resource.get(1).equals("registrations")
                && resource.get(2).equalsIgnoreCase(address.registrationId())
                && POLICIES.contains(token.policy());
    }

    private @Nullable Admission byToken(RegistrationAddress address, SasToken token) {
        StoredEnrolment own = enrolments.find(Enrolment.Kind.DEVICE, address.registrationId());
        if (own != null) {
            return own.enrolment().attestation() instanceof SymmetricKeys keys && isSigned(token, keys)
                    ? admission(address, own.enrolment(), keys, token)
                    : null;
        }
        for (StoredEnrolment group : enrolments.list(Enrolment.Kind.GROUP)) {
            if (group.enrolment().attestation() instanceof SymmetricKeys of) {
                SymmetricKeys keys = new SymmetricKeys(
                        DeviceKeys.derive(of.primary(), address.registrationId()),
                        DeviceKeys.derive(of.secondary(), address.registrationId()));
                if (isSigned(token, keys)) {
                    return admission(address, group.enrolment(), keys, token);
                }
            }
        }
        return null;
    }

    /** Both are tried, so that the time taken does not tell which of the two signed. */
    private static boolean isSigned(SasToken token, SymmetricKeys keys) {
        boolean primary = token.isSignedWith(keys.primary());
        boolean secondary = token.isSignedWith(keys.secondary());
        return primary || secondary;
    }

    private static Admission admission(
            RegistrationAddress address, Enrolment enrolment, SymmetricKeys keys, SasToken token) {
        return new Admission(
                address.registrationId(),
                enrolment.kind(),
                enrolment.id(),
                new Authentication.SymmetricKeys(keys.primary(), keys.secondary()),
                null,
                token.expiry());
    }

    Admission admit(RegistrationAddress address, List<X509Certificate> chain) throws ProvisioningException {
        requireScope(address);
        if (chain.isEmpty()) {
            throw refused("neither a token nor a client certificate speaks for " + address);
        }
        X509Certificate leaf = chain.get(0);
        String name = Certificates.commonName(leaf);
        if (name == null || !name.equalsIgnoreCase(address.registrationId())) {
            throw refused(
                    "the common name of the client certificate is not the registration id " + address.registrationId());
        }
        requireValid(leaf, address);
        Enrolment enrolment = byCertificate(address, chain);
        if (enrolment == null) {
            throw refused("no enrolment of " + address + " fits the client certificate");
        }
        return new Admission(
                address.registrationId(),
                enrolment.kind(),
                enrolment.id(),
                // As the real service does also for groups: another certificate needs another registration.
                new Authentication.Thumbprints(Certificates.thumbprint(leaf, "SHA-256"), ""),
                leaf,
                leaf.getNotAfter().toInstant());
    }

    private void requireValid(X509Certificate leaf, RegistrationAddress address) throws ProvisioningException {
        try {
            leaf.checkValidity(Date.from(clock.instant()));
        } catch (CertificateException e) {
            throw refused("the client certificate of " + address + " is not valid now but from "
                    + leaf.getNotBefore().toInstant() + " to "
                    + leaf.getNotAfter().toInstant());
        }
    }

    private @Nullable Enrolment byCertificate(RegistrationAddress address, List<X509Certificate> chain) {
        StoredEnrolment own = enrolments.find(Enrolment.Kind.DEVICE, address.registrationId());
        if (own != null) {
            return own.enrolment().attestation() instanceof Thumbprints thumbprints
                            && (matches(chain.get(0), thumbprints.primary())
                                    || matches(chain.get(0), thumbprints.secondary()))
                    ? own.enrolment()
                    : null;
        }
        Instant now = clock.instant();
        for (StoredEnrolment group : enrolments.list(Enrolment.Kind.GROUP)) {
            if (group.enrolment().attestation() instanceof Authorities authorities
                    && Certificates.leadsTo(chain, both(authorities), now)) {
                return group.enrolment();
            }
        }
        return null;
    }

    private static List<X509Certificate> both(Authorities authorities) {
        X509Certificate secondary = authorities.secondary();
        return secondary == null ? List.of(authorities.primary()) : List.of(authorities.primary(), secondary);
    }

    private static boolean matches(X509Certificate certificate, String thumbprint) {
        String algorithm = thumbprint.length() == SHA_1_DIGITS ? "SHA-1" : "SHA-256";
        return Certificates.thumbprint(certificate, algorithm).equalsIgnoreCase(thumbprint);
    }

    private void requireScope(RegistrationAddress address) throws ProvisioningException {
        if (!address.idScope().equals(idScope)) {
            throw refused("there is no id scope " + address.idScope() + " here");
        }
    }

    private static ProvisioningException refused(String why) {
        return new ProvisioningException(ProvisioningError.UNAUTHORIZED, why);
    }
}
