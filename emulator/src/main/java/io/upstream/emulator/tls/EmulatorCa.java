// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.tls;

import io.netty.util.NetUtil;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * A certificate authority for loopback: EC P-256, either in memory or kept in a directory. Who trusts {@link
 * #trustBundlePem} trusts what it issues; a second authority makes servers that such a client must refuse.
 *
 * <p>Immutable; safe for use by any thread.
 */
public final class EmulatorCa {
    /** The certificate in the directory, and the trust bundle of clients. */
    public static final String CERTIFICATE_FILE = "ca.pem";

    /** The key in the directory, readable by its owner only. */
    public static final String KEY_FILE = "ca-key.pem";

    private static final Duration CA_LIFE = Duration.ofDays(3_650);
    /** The most that Apple's trust store takes for a server. */
    private static final Duration SERVER_LIFE = Duration.ofDays(397);
    /** Clocks of containers lag. */
    private static final Duration BACKDATED = Duration.ofHours(1);

    private final X509Certificate certificate;
    private final PrivateKey key;

    private EmulatorCa(X509Certificate certificate, PrivateKey key) {
        this.certificate = certificate;
        this.key = key;
    }

    /** Makes an authority that lives in memory only. */
    public static EmulatorCa create() {
        try {
            KeyPair pair = newKeyPair();
            // The serial number in the name keeps two authorities apart in a trust store.
            X500Principal name = new X500Principal("CN=Upstream emulator CA " + Long.toHexString(serial().longValue()));
            X509v3CertificateBuilder builder = builder(name, name, pair.getPublic(), CA_LIFE);
            JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            builder.addExtension(
                    Extension.subjectKeyIdentifier, false, extensions.createSubjectKeyIdentifier(pair.getPublic()));
            return new EmulatorCa(sign(builder, pair.getPrivate()), pair.getPrivate());
        } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
            throw new IllegalStateException("this JVM cannot make an EC P-256 certificate authority", e);
        }
    }

    /**
     * Opens the authority of a directory; makes both on first use.
     *
     * @throws IOException if the files cannot be read or written, one of the two is missing, they do not belong together,
     *     or the certificate has expired
     */
    public static EmulatorCa openOrCreate(Path directory) throws IOException {
        Files.createDirectories(directory);
        Path certificateFile = directory.resolve(CERTIFICATE_FILE);
        Path keyFile = directory.resolve(KEY_FILE);
        if (!Files.exists(certificateFile) && !Files.exists(keyFile)) {
            EmulatorCa made = create();
            PemFiles.write(keyFile, PemFiles.encode(made.key), true);
            PemFiles.write(certificateFile, made.trustBundlePem(), false);
            return made;
        }
        if (!Files.exists(certificateFile) || !Files.exists(keyFile)) {
            throw new IOException(directory + " holds only one of " + CERTIFICATE_FILE + " and " + KEY_FILE
                    + "; delete it to make a new authority");
        }
        EmulatorCa opened = new EmulatorCa(PemFiles.readCertificate(certificateFile), PemFiles.readPrivateKey(keyFile));
        if (!opened.isPair()) {
            throw new IOException(certificateFile + " and " + KEY_FILE
                    + " do not belong together; delete both to make a new authority");
        }
        if (opened.certificate.getNotAfter().toInstant().isBefore(Instant.now())) {
            throw new IOException(certificateFile + " expired on "
                    + opened.certificate.getNotAfter().toInstant() + "; delete it and " + KEY_FILE
                    + " to make a new authority");
        }
        return opened;
    }

    private boolean isPair() {
        try {
            issue("localhost").chain().get(0).verify(certificate.getPublicKey());
            return true;
        } catch (GeneralSecurityException | IllegalStateException e) {
            return false;
        }
    }

    public X509Certificate certificate() {
        return certificate;
    }

    /** The authority's certificate in PEM: all that a client needs to trust. */
    public String trustBundlePem() {
        return PemFiles.encode(certificate);
    }

    /** Writes {@link #trustBundlePem} and gives back the file. */
    public Path writeTrustBundle(Path file) throws IOException {
        PemFiles.write(file, trustBundlePem(), false);
        return file;
    }

    /**
     * Issues a certificate for exactly these names.
     *
     * @param hostNames DNS names and literal IP addresses, at least one; the first becomes the common name
     */
    public ServerCertificate issue(String... hostNames) {
        if (hostNames.length == 0) {
            throw new IllegalArgumentException("a server certificate needs at least one host name");
        }
        X500Principal subject = new X500Principal("CN=" + commonName(hostNames[0]));
        return issue(subject, KeyPurposeId.id_kp_serverAuth, names(hostNames), ServerCertificate::new);
    }

    /**
     * Issues a certificate for a device or module.
     *
     * @param commonName {@code device} or {@code device/module}: what the hub compares with the identity
     */
    public ClientCertificate issueClient(String commonName) {
        X500Name name = new X500NameBuilder().addRDN(BCStyle.CN, commonName).build();
        return issue(principal(name), KeyPurposeId.id_kp_clientAuth, null, ClientCertificate::new);
    }

    private static X500Principal principal(X500Name name) {
        try {
            return new X500Principal(name.getEncoded());
        } catch (IOException e) {
            throw new IllegalStateException("a name has no encoding", e);
        }
    }

    private <T> T issue(
            X500Principal subject,
            KeyPurposeId purpose,
            @Nullable GeneralNames names,
            BiFunction<PrivateKey, List<X509Certificate>, T> result) {
        try {
            KeyPair pair = newKeyPair();
            X509v3CertificateBuilder builder =
                    builder(certificate.getSubjectX500Principal(), subject, pair.getPublic(), SERVER_LIFE);
            JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose));
            if (names != null) {
                builder.addExtension(Extension.subjectAlternativeName, false, names);
            }
            builder.addExtension(
                    Extension.authorityKeyIdentifier, false, extensions.createAuthorityKeyIdentifier(certificate));
            builder.addExtension(
                    Extension.subjectKeyIdentifier, false, extensions.createSubjectKeyIdentifier(pair.getPublic()));
            return result.apply(pair.getPrivate(), List.of(sign(builder, key), certificate));
        } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
            throw new IllegalStateException("this JVM cannot issue an EC P-256 certificate", e);
        }
    }

    /** Issues a certificate for the name, {@code localhost} and both loopback addresses. */
    public ServerCertificate issueForLoopback(String hostName) {
        Set<String> all = new LinkedHashSet<>(List.of(hostName, "localhost", "127.0.0.1", "::1"));
        return issue(all.toArray(String[]::new));
    }

    /** The common name is 64 characters at most (RFC 5280 appendix A) and of no use to modern clients. */
    private static String commonName(String hostName) {
        boolean plain = hostName.length() <= 64 && hostName.matches("[A-Za-z0-9.:-]+");
        return plain ? hostName : "upstream emulator";
    }

    private static GeneralNames names(String... hostNames) {
        GeneralName[] names = new GeneralName[hostNames.length];
        for (int i = 0; i < names.length; i++) {
            boolean literal = NetUtil.isValidIpV4Address(hostNames[i]) || NetUtil.isValidIpV6Address(hostNames[i]);
            names[i] = new GeneralName(literal ? GeneralName.iPAddress : GeneralName.dNSName, hostNames[i]);
        }
        return new GeneralNames(names);
    }

    private static X509v3CertificateBuilder builder(
            X500Principal issuer, X500Principal subject, PublicKey publicKey, Duration life) {
        Instant from = Instant.now().minus(BACKDATED);
        return new JcaX509v3CertificateBuilder(
                issuer, serial(), Date.from(from), Date.from(from.plus(life)), subject, publicKey);
    }

    private static BigInteger serial() {
        return new BigInteger(127, new SecureRandom()).setBit(126);
    }

    private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey signer)
            throws OperatorCreationException, GeneralSecurityException {
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(signer)));
    }

    private static KeyPair newKeyPair() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }
}
