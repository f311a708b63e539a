// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.GeneralCodingRules;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The arrows between modules and packages, and what no module may do. See docs/adr and CONTRIBUTING. */
class ArchitectureTest {
    private static final JavaClasses ALL = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.upstream");

    private static final DescribedPredicate<JavaClass> LIBRARY = resideInAPackage("io.upstream..")
            .and(resideOutsideOfPackages("io.upstream.cli..", "io.upstream.testing.."));

    @Test
    void seesEveryModule() {
        for (String name : new String[] {
            "io.upstream.UpstreamTransport",
            "io.upstream.proxy.TunnelStage",
            "io.upstream.websocket.WebSocketStage",
            "io.upstream.mqtt.MqttTransportProvider",
            "io.upstream.amqp.AmqpTransportProvider",
            "io.upstream.emulator.IotHubEmulator",
        }) {
            assertTrue(ALL.contain(name), name);
        }
    }

    @ParameterizedTest(name = "{0} uses nothing of ours but {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "io.upstream|io.upstream.spi io.upstream.pem",
                "io.upstream.pem|io.upstream.pem",
                "io.upstream.spi|io.upstream",
                "io.upstream.connect|io.upstream",
                "io.upstream.trace|io.upstream.connect",
                "io.upstream.watch|io.upstream io.upstream.connect io.upstream.trace",
                "io.upstream.session|io.upstream io.upstream.connect io.upstream.frame io.upstream.watch",
                "io.upstream.provisioning|io.upstream io.upstream.connect",
                "io.upstream.proxy|io.upstream io.upstream.connect",
                "io.upstream.websocket|io.upstream io.upstream.connect",
                "io.upstream.mqtt|io.upstream io.upstream.spi io.upstream.connect io.upstream.session io.upstream.provisioning io.upstream.proxy io.upstream.websocket io.upstream.frame io.upstream.watch",
                "io.upstream.amqp|io.upstream io.upstream.spi io.upstream.connect io.upstream.session io.upstream.provisioning io.upstream.proxy io.upstream.websocket io.upstream.frame io.upstream.watch io.upstream.amqp.engine",
                "io.upstream.amqp.engine|io.upstream io.upstream.connect io.upstream.frame",
                "io.upstream.emulator..|io.upstream.emulator..",
            })
    void arrowsRunDownwards(String from, String allowed) {
        String[] packages =
                Stream.concat(Stream.of(from), Stream.of(allowed.split(" "))).toArray(String[]::new);
        noClasses()
                .that(resideInAPackage(from))
                .should()
                .dependOnClassesThat(resideInAPackage("io.upstream..").and(resideOutsideOfPackages(packages)))
                .check(ALL);
    }

    @Test
    void packagesFormNoCycles() {
        slices().assignedFrom(new SliceAssignment() {
                    @Override
                    public SliceIdentifier getIdentifierOf(JavaClass type) {
                        String name = type.getPackageName();
                        return SliceIdentifier.of(name.equals("io.upstream.spi") ? "io.upstream" : name);
                    }

                    @Override
                    public String getDescription() {
                        return "packages, the API and its provider interface as one";
                    }
                })
                .should()
                .beFreeOfCycles()
                .check(ALL);
    }

    @Test
    void theApiShowsNoTypeOfAnotherLibrary() {
        methods()
                .that()
                .areDeclaredInClassesThat(resideInAPackage("io.upstream").or(resideInAPackage("io.upstream.spi")))
                .and()
                .arePublic()
                .and()
                .areDeclaredInClassesThat()
                .arePublic()
                .should(showOnlyJavaAndOurs())
                .check(ALL);
    }

    private static ArchCondition<JavaMethod> showOnlyJavaAndOurs() {
        return new ArchCondition<>("show only types of Java and of the API") {
            @Override
            public void check(JavaMethod method, ConditionEvents events) {
                Stream.concat(method.getRawParameterTypes().stream(), Stream.of(method.getRawReturnType()))
                        .map(JavaClass::getBaseComponentType)
                        .filter(type -> !type.isPrimitive()
                                && !type.getPackageName().startsWith("java")
                                && !type.getPackageName().startsWith("io.upstream"))
                        .forEach(type -> events.add(SimpleConditionEvent.violated(
                                method, method.getFullName() + " shows " + type.getName())));
            }
        };
    }

    @Test
    void theClientKnowsNoOtherAmqpLibrary() {
        noClasses()
                .that(resideOutsideOfPackages("io.upstream.emulator.."))
                .should()
                .dependOnClassesThat(resideInAPackage("org.apache.qpid.."))
                .check(ALL);
    }

    @Test
    void nobodyUsesProtonsOwnTls() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .haveNameMatching("org\\.apache\\.qpid\\.proton\\.engine\\.Ssl.*")
                .check(ALL);
    }

    @Test
    void nobodyTrustsEverybody() {
        noClasses()
                .should()
                .dependOnClassesThat(assignableTo(InsecureTrustManagerFactory.class))
                .check(ALL);
    }

    @Test
    void clientTlsAlwaysNamesItsPeer() {
        noClasses()
                .that(resideOutsideOfPackages("io.upstream.emulator.."))
                .should()
                .callMethod(SslContext.class, "newHandler", io.netty.buffer.ByteBufAllocator.class)
                .check(ALL);
    }

    @Test
    void librariesDoNotPrint() {
        noClasses()
                .that(LIBRARY)
                .should(GeneralCodingRules.ACCESS_STANDARD_STREAMS)
                .orShould()
                .callMethod(Throwable.class, "printStackTrace")
                .check(ALL);
    }

    @Test
    void namesSayWhatATypeDoes() {
        classes()
                .should()
                .haveSimpleNameNotEndingWith("Impl")
                .andShould()
                .haveSimpleNameNotEndingWith("Manager")
                .andShould()
                .haveSimpleNameNotEndingWith("Helper")
                .andShould()
                .haveSimpleNameNotEndingWith("Util")
                .andShould()
                .haveSimpleNameNotEndingWith("Utils")
                .check(ALL);
    }
}
