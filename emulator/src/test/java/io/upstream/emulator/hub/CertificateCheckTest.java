// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.emulator.ManualClock;
import io.upstream.emulator.Tokens;
import io.upstream.emulator.hub.Authentication.CertificateAuthority;
import io.upstream.emulator.hub.Authentication.None;
import io.upstream.emulator.hub.Authentication.SymmetricKeys;
import io.upstream.emulator.hub.Authentication.Thumbprints;
import io.upstream.emulator.tls.ClientCertificate;
import io.upstream.emulator.tls.EmulatorCa;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CertificateCheckTest {
    private static final HubIdentity DEVICE = HubIdentity.device("dev,1=*");
    private static final HubIdentity MODULE = HubIdentity.module("dev,1=*", "m");
    private static final EmulatorCa CA = EmulatorCa.create();

    private final ManualClock clock = new ManualClock();
    private final HubCore hub = new HubCore("hub.example", clock, Duration.ZERO);

    @ParameterizedTest
    @ValueSource(strings = {"SHA-1", "SHA-256"})
    void knowsACertificateByEitherThumbprint(String algorithm) throws Exception {
        X509Certificate[] chain = chain(CA.issueClient("whatever"));
        String thumbprint = thumbprint(algorithm, chain[0]);
        inItsLife(chain[0]);
        for (Thumbprints each : new Thumbprints[] {
            new Thumbprints(thumbprint, ""),
            new Thumbprints("", thumbprint.toUpperCase(Locale.ROOT)),
            new Thumbprints("0".repeat(40), thumbprint)
        }) {
            register(DEVICE, each);
            assertEquals(chain[0].getNotAfter().toInstant(), hub.authorize(DEVICE, chain));
        }
        assertRefused(DEVICE, chain(CA.issueClient("whatever")));
        assertRefused(DEVICE);
    }

    @Test
    void trustsAnAuthoritysCertificateOfTheSameName() throws Exception {
        register(DEVICE, new CertificateAuthority());
        register(MODULE, new CertificateAuthority());
        X509Certificate[] device = chain(CA.issueClient("dev,1=*"));
        X509Certificate[] module = chain(CA.issueClient("dev,1=*/m"));
        inItsLife(device[0]);
        assertRefused(DEVICE, device);

        hub.authorities().put("ca", CA.certificate());
        assertEquals(device[0].getNotAfter().toInstant(), hub.authorize(DEVICE, device));
        assertEquals(device[0].getNotAfter().toInstant(), hub.authorize(DEVICE, device[0]));
        hub.authorize(MODULE, module);
        assertRefused(MODULE, device);
        assertRefused(DEVICE, module);
        assertRefused(DEVICE, chain(CA.issueClient("DEV,1=*")));
        assertRefused(DEVICE, chain(EmulatorCa.create().issueClient("dev,1=*")));

        hub.put(DEVICE, IdentityStatus.DISABLED, null, null);
        assertEquals(
                HubError.DEVICE_DISABLED,
                assertThrows(HubException.class, () -> hub.authorize(DEVICE, device))
                        .error());
        hub.put(DEVICE, IdentityStatus.ENABLED, null, null);
        hub.authorities().remove("ca");
        assertRefused(DEVICE, device);
    }

    @Test
    void refusesACertificateBeforeAndAfterItsLife() throws Exception {
        hub.authorities().put("ca", CA.certificate());
        X509Certificate[] chain = chain(CA.issueClient("dev,1=*"));
        for (Authentication each :
                new Authentication[] {new CertificateAuthority(), new Thumbprints(thumbprint("SHA-1", chain[0]), "")}) {
            register(DEVICE, each);
            clock.set(chain[0].getNotBefore().toInstant().minusSeconds(1));
            assertRefused(DEVICE, chain);
            clock.set(chain[0].getNotAfter().toInstant().plusSeconds(1));
            assertRefused(DEVICE, chain);
        }
    }

    @Test
    void refusesTheWrongKindOfProof() throws Exception {
        hub.authorities().put("ca", CA.certificate());
        X509Certificate[] chain = chain(CA.issueClient("dev,1=*"));
        inItsLife(chain[0]);
        RegisteredIdentity entry = register(DEVICE, SymmetricKeys.OF_THE_HUB);
        assertRefused(DEVICE, chain);
        Instant end = clock.instant().plusSeconds(60);
        String sas = Tokens.token("hub.example/devices/dev%2C1%3D%2A", entry.primaryKey(), end);
        assertEquals(end.getEpochSecond(), hub.authorize(DEVICE, sas).getEpochSecond());
        register(DEVICE, new CertificateAuthority());
        assertThrows(HubException.class, () -> hub.authorize(DEVICE, sas));
        hub.authorize(DEVICE, chain);
        register(DEVICE, new None());
        assertRefused(DEVICE, chain);
        assertThrows(HubException.class, () -> hub.authorize(DEVICE, sas));
    }

    @Test
    void trustsNobodyWhoIsNoAuthority() {
        X509Certificate leaf = CA.issueClient("x").chain().get(0);
        assertThrows(HubException.class, () -> hub.authorities().put("leaf", leaf));
    }

    private RegisteredIdentity register(HubIdentity identity, Authentication authentication) throws HubException {
        return hub.put(IdentitySpec.of(identity, authentication), Precondition.NONE);
    }

    private void inItsLife(X509Certificate certificate) {
        clock.set(certificate.getNotBefore().toInstant().plusSeconds(60));
    }

    private void assertRefused(HubIdentity identity, X509Certificate... chain) {
        HubException refusal = assertThrows(HubException.class, () -> hub.authorize(identity, chain));
        assertEquals(HubError.UNAUTHORIZED, refusal.error());
    }

    private static X509Certificate[] chain(ClientCertificate issued) {
        return issued.chain().toArray(X509Certificate[]::new);
    }

    private static String thumbprint(String algorithm, X509Certificate certificate) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(certificate.getEncoded()));
    }
}
