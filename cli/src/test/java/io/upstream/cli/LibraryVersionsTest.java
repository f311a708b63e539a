// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.util.Version;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nobody goes back behind the version that mended a hole, not even by way of another library. */
class LibraryVersionsTest {
    private static final Pattern JAR = Pattern.compile("[a-z0-9-]+?-(\\d+(?:\\.\\d+)*).*\\.jar");

    /** CVE-2026-89044 is the latest that is known. */
    @Test
    void allOfNettyIsOfOneVersionThatHasEveryFix() {
        Set<String> versions = Version.identify().values().stream()
                .map(Version::artifactVersion)
                .collect(Collectors.toSet());
        assertTrue(Version.identify().size() > 15, "netty-all brings more: " + Version.identify());
        assertEquals(1, versions.size(), versions.toString());
        assertAtLeast("4.2.18", versions.iterator().next());
    }

    /** CVE-2026-66273 to CVE-2026-66276 in the engine of the emulator; CVE-2026-5588 in what reads certificates. */
    @ParameterizedTest
    @CsvSource({
        "org.apache.qpid.proton.engine.Transport, 0.35.0",
        "org.bouncycastle.openssl.PEMParser, 1.84",
        "org.bouncycastle.jce.provider.BouncyCastleProvider, 1.84",
    })
    void isNoOlderThanItsLastFix(String type, String least) throws Exception {
        Class<?> known = Class.forName(type, false, LibraryVersionsTest.class.getClassLoader());
        Path jar = Path.of(
                known.getProtectionDomain().getCodeSource().getLocation().toURI());
        Matcher name = JAR.matcher(jar.getFileName().toString());
        assertTrue(name.matches(), jar.toString());
        assertAtLeast(least, name.group(1));
    }

    private static void assertAtLeast(String least, String found) {
        ModuleDescriptor.Version version = ModuleDescriptor.Version.parse(found);
        assertTrue(version.compareTo(ModuleDescriptor.Version.parse(least)) >= 0, found + " is older than " + least);
    }
}
