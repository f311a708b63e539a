// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.ClientCertificate;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyChoice;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.proxy.ProxySettings;
import io.upstream.proxy.ProxySettingsBuilder;
import java.net.ProxySelector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which proxy, and how to be let through. */
final class ProxyOptions {
    private static final String NEGOTIATE = "Negotiate";
    private static final String NTLM_LEGACY = "NtlmLegacy";

    /** Whichever of these is set names a proxy to {@link ProxySettingsBuilder#systemProperties()}. */
    private static final List<String> JAVA_PROPERTIES = List.of("upstream.proxy", "https.proxyHost", "socksProxyHost");

    @Option(
            names = "--proxy",
            paramLabel = "URL|env|system|none",
            defaultValue = "env",
            description = {
                "A proxy: [scheme://][user[:password]@]host[:port] with http (default), https, socks5h, socks5, socks4a or"
                        + " socks4; several, separated by commas, are tried in this order, direct:// among them means without.",
                "env: as https_proxy, all_proxy and no_proxy say (default). system: as Java's system properties say, else the"
                        + " desktop's settings. none: no proxy."
            })
    private String proxy = "env";

    @Option(
            names = "--proxy-user",
            paramLabel = "U",
            description = "User name for the proxy, if that is only one; goes with --proxy-password-file.")
    private @Nullable String user;

    @Option(
            names = "--proxy-password-file",
            paramLabel = "FILE",
            description = "A file that holds the password for the proxy; a line break at its end does not count.")
    private @Nullable Path passwordFile;

    @Option(
            names = "--proxy-schemes",
            paramLabel = "S,…",
            split = ",",
            description =
                    "Which schemes may be used: of Basic, Digest, Ntlm, NtlmLegacy and Negotiate; default Basic and Digest, and"
                            + " Negotiate with a keytab or a ticket cache. NtlmLegacy is Ntlm also with a proxy whose NTLM is older"
                            + " than Windows 2000: whoever is on the way can then log in elsewhere with the answer.")
    private String @Nullable [] schemes;

    @Mixin
    private final KerberosOptions kerberos = new KerberosOptions();

    @Option(
            names = "--proxy-trust-bundle",
            paramLabel = "PEM",
            description = "Certificates to trust in an https proxy, beside those of the system.")
    private @Nullable Path trustBundle;

    @Option(
            names = "--proxy-cert",
            paramLabel = "PEM",
            description = "A certificate to show an https proxy that asks for one; goes with --proxy-key.")
    private @Nullable Path certificate;

    @Option(
            names = "--proxy-key",
            paramLabel = "PEM",
            description = "The certificate's private key; may be the same file.")
    private @Nullable Path key;

    /** @throws IllegalArgumentException saying which option cannot be used; a bad environment is told when something needs it */
    ProxyChoice resolve(Map<String, String> env) {
        if (proxy.equals("none")) {
            if (kerberos.isGiven()
                    || Stream.of(user, passwordFile, schemes, trustBundle, certificate, key)
                            .anyMatch(Objects::nonNull)) {
                throw new IllegalArgumentException("--proxy none takes no other option about a proxy");
            }
            return ProxyChoice.DIRECT;
        }
        ProxySettingsBuilder builder = ProxySettings.builder();
        source(builder, env);
        login(builder);
        tls(builder);
        ProxySettings settings = builder.build();
        if (!proxy.equals("env")) {
            try {
                settings.validate();
            } catch (UpstreamException e) {
                throw new IllegalArgumentException("--proxy: " + e.getMessage(), e);
            }
        }
        return settings;
    }

    private void source(ProxySettingsBuilder builder, Map<String, String> env) {
        switch (proxy) {
            case "env" -> builder.environment(env);
            case "system" -> {
                if (JAVA_PROPERTIES.stream()
                        .anyMatch(name -> !System.getProperty(name, "").isBlank())) {
                    builder.systemProperties();
                } else {
                    builder.selector(ofTheDesktop());
                }
            }
            default -> builder.proxies(proxy).proxyLoopback();
        }
    }

    /** Java looks at the desktop only if it was told so before it looks at anything. */
    private static ProxySelector ofTheDesktop() {
        if (System.getProperty("java.net.useSystemProxies") == null) {
            System.setProperty("java.net.useSystemProxies", "true");
        }
        return ProxySelector.getDefault();
    }

    private void login(ProxySettingsBuilder builder) {
        if ((user == null) != (passwordFile == null)) {
            throw new IllegalArgumentException("--proxy-user and --proxy-password-file go together");
        }
        if (user != null && passwordFile != null) {
            builder.passwordFile(user, readable("--proxy-password-file", passwordFile));
        }
        ProxyAuthentication.Builder rules = ProxyAuthentication.builder();
        kerberos.resolve().ifPresent(rules::authenticator);
        if (schemes != null) {
            allow(rules, Arrays.stream(schemes).map(String::strip).toList());
        }
        builder.authentication(rules.build());
    }

    private void allow(ProxyAuthentication.Builder rules, List<String> named) {
        try {
            rules.schemes(named.stream()
                            .filter(scheme -> !scheme.equalsIgnoreCase(NEGOTIATE))
                            .map(scheme -> scheme.equalsIgnoreCase(NTLM_LEGACY) ? "Ntlm" : scheme)
                            .toArray(String[]::new))
                    .allowLegacyNtlm(named.stream().anyMatch(NTLM_LEGACY::equalsIgnoreCase));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--proxy-schemes: " + e.getMessage(), e);
        }
        if (named.stream().anyMatch(NEGOTIATE::equalsIgnoreCase) != kerberos.isGiven()) {
            throw new IllegalArgumentException("--proxy-schemes Negotiate goes together with --proxy-keytab and"
                    + " --proxy-principal, or with --proxy-ticket-cache");
        }
    }

    private void tls(ProxySettingsBuilder builder) {
        if (trustBundle != null) {
            builder.trust(Trust.systemAnd(readable("--proxy-trust-bundle", trustBundle)));
        }
        if ((certificate == null) != (key == null)) {
            throw new IllegalArgumentException("--proxy-cert and --proxy-key go together");
        }
        if (certificate != null && key != null) {
            builder.certificate(
                    ClientCertificate.pem(readable("--proxy-cert", certificate), readable("--proxy-key", key)));
        }
    }

    /** @throws IllegalArgumentException if it cannot be */
    static Path readable(String option, Path file) {
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            throw new IllegalArgumentException(option + ": cannot read the file " + file);
        }
        return file;
    }
}
