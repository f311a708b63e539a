// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBufAllocator;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmulatorCaTest {
    @TempDir
    Path directory;

    @Test
    void keepsItsCertificateAndKey() throws Exception {
        EmulatorCa made = EmulatorCa.openOrCreate(directory.resolve("new"));
        EmulatorCa opened = EmulatorCa.openOrCreate(directory.resolve("new"));
        assertEquals(made.certificate(), opened.certificate());
        opened.issue("hub.example").chain().get(0).verify(made.certificate().getPublicKey());
        Path keyFile = directory.resolve("new").resolve(EmulatorCa.KEY_FILE);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(keyFile)));
    }

    @Test
    void refusesHalfAnAuthority() throws IOException {
        EmulatorCa.openOrCreate(directory);
        Files.delete(directory.resolve(EmulatorCa.KEY_FILE));
        assertThrows(IOException.class, () -> EmulatorCa.openOrCreate(directory));
    }

    @Test
    void refusesFilesThatAreSomethingElse() throws IOException {
        EmulatorCa.openOrCreate(directory);
        Files.writeString(directory.resolve(EmulatorCa.CERTIFICATE_FILE), "rubbish");
        assertThrows(IOException.class, () -> EmulatorCa.openOrCreate(directory));
    }

    @Test
    void refusesAKeyOfAnotherAuthority() throws IOException {
        EmulatorCa.openOrCreate(directory);
        EmulatorCa.create().writeTrustBundle(directory.resolve(EmulatorCa.CERTIFICATE_FILE));
        assertThrows(IOException.class, () -> EmulatorCa.openOrCreate(directory));
    }

    @Test
    void writesATrustBundleThatTheJdkReads() throws IOException, CertificateException {
        EmulatorCa ca = EmulatorCa.create();
        Path bundle = ca.writeTrustBundle(directory.resolve("trust.pem"));
        var read = CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(bundle)));
        assertEquals(ca.certificate(), read);
        assertTrue(ca.trustBundlePem().getBytes(StandardCharsets.US_ASCII).length > 100);
    }

    @Test
    void issuesForExactlyTheNamesThatAreAsked() throws Exception {
        EmulatorCa ca = EmulatorCa.create();
        ServerCertificate issued = ca.issueForLoopback("hub.example");
        X509Certificate leaf = issued.chain().get(0);
        leaf.verify(ca.certificate().getPublicKey());
        leaf.checkValidity();
        Set<String> names = leaf.getSubjectAlternativeNames().stream()
                .map(name -> name.get(0) + "=" + name.get(1))
                .collect(Collectors.toSet());
        assertEquals(Set.of("2=hub.example", "2=localhost", "7=127.0.0.1", "7=0:0:0:0:0:0:0:1"), names);
        assertEquals(List.of("1.3.6.1.5.5.7.3.1"), leaf.getExtendedKeyUsage());
        assertEquals(-1, leaf.getBasicConstraints());
        assertEquals("EC", leaf.getPublicKey().getAlgorithm());
        assertArrayEquals(
                new byte[] {10, 0, 0, 7},
                InetAddress.getByName((String) ca.issue("10.0.0.7")
                                .chain()
                                .get(0)
                                .getSubjectAlternativeNames()
                                .iterator()
                                .next()
                                .get(1))
                        .getAddress());
    }

    @Test
    void makesAuthoritiesThatAreStrangersToEachOther() {
        EmulatorCa one = EmulatorCa.create();
        EmulatorCa other = EmulatorCa.create();
        assertNotEquals(
                one.certificate().getSubjectX500Principal(), other.certificate().getSubjectX500Principal());
        X509Certificate leaf = one.issue("localhost").chain().get(0);
        assertThrows(Exception.class, () -> leaf.verify(other.certificate().getPublicKey()));
    }

    @Test
    void servesTlsTwelveAndThirteen() {
        var engine = EmulatorCa.create().issue("localhost").sslContext().newEngine(ByteBufAllocator.DEFAULT);
        assertEquals(
                Set.of("TLSv1.2", "TLSv1.3"),
                Set.of(engine.getEnabledProtocols()).stream()
                        .filter(each -> !each.equals("SSLv2Hello"))
                        .collect(Collectors.toSet()));
    }

    @Test
    void wantsAName() {
        assertThrows(IllegalArgumentException.class, () -> EmulatorCa.create().issue());
    }
}
