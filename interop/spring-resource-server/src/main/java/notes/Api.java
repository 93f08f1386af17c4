package notes;

import java.util.List;
import java.util.Map;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.CsrfConfigurer;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.UrlBasedCorsConfigurationSource;

/** Two routes behind Spring Boot's own resource server, with nothing of it replaced: `application.properties`. */
@SpringBootApplication
@RestController
public class Api {
    public static void main(String[] arguments) {
        SpringApplication.run(Api.class, arguments);
    }

    @GetMapping("/api/me")
    Map<String, Object> me(@AuthenticationPrincipal Jwt token) {
        return Map.of("sub", token.getSubject(), "cnf", token.getClaimAsMap("cnf"));
    }

    @PostMapping("/api/notes")
    Map<String, Object> note(@RequestBody Map<String, Object> note) {
        return note;
    }

    /** The pages that may call, and what they may send and read. */
    @Bean
    UrlBasedCorsConfigurationSource cors(@Value("${api.allowed-origins}") List<String> origins) {
        var cors = new CorsConfiguration();
        cors.setAllowedOrigins(origins);
        cors.setAllowedMethods(List.of("GET", "POST"));
        cors.setAllowedHeaders(List.of("Authorization", "DPoP", "Content-Type"));
        cors.setExposedHeaders(List.of("WWW-Authenticate", "DPoP-Nonce", "Date"));
        var source = new UrlBasedCorsConfigurationSource();
        source.registerCorsConfiguration("/**", cors);
        return source;
    }

    /** Spring Security exempts Bearer requests from CSRF tokens by itself, but not DPoP requests. */
    @Bean
    @ConditionalOnProperty(name = "api.csrf", havingValue = "off")
    Customizer<CsrfConfigurer<HttpSecurity>> csrf() {
        return CsrfConfigurer::disable;
    }
}
