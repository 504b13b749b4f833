use super::*;

fn check(name: &str, expected: &Grammar) {
    assert_eq!(&grammar(name), expected, "{name:?}");
}

#[test]
fn names_that_say_what_happened_are_fine() {
    let names = [
        "Report Generated",
        "User Invited",
        "Export Completed",
        "Button Clicked",
        "Events Received",
        "Feature Used",
        "Teammate Invited",
        "Dashboard Viewed",
        "Export Clicked",
        "Session Started",
        "Invoice Paid",
        "File Sent",
        "Plan Chosen",
        "Payment Made",
        "Signed Up",
        "Logged In",
        "User Signed Up",
        "User Logged In",
        "Password Reset",
        "API Key Created",
        "2FA Enabled",
        "iOS App Opened",
        "Two-Factor Enabled",
        "E-Mail Sent",
        "Payment Failed",
        "File Uploaded to Drive",
        "Member Added To Project",
        "Email Sent Successfully",
        "Signed Up With Google",
        "Saved Search Updated",
        "Export Run",
        "Report Read",
        "Page 2 Viewed",
        "Button Clicked (Header)",
        "Billing: Invoice Paid",
        "Bug Report Filed",
        "Video Started Playing",
        "Subscription Renewed",
        "Note Taken",
        "Onboarding Step 3 Completed",
        "Black Friday 2026 Viewed",
        "Feed Refreshed",
        "Trial Begun",
        "Deal Lost",
        "npm Package Published",
        "Logged Out",
        "Opted Out",
        "Order Checked Out",
        "Image Cropped",
        "Gizmo Frobnicated",
    ];
    for name in names {
        check(name, &Grammar::Fine);
    }
}

#[test]
fn names_in_another_form_get_a_better_one() {
    let cases = [
        ("click_button", "Button Clicked"),
        ("Click Button", "Button Clicked"),
        ("clickButton", "Button Clicked"),
        ("Clicked Button", "Button Clicked"),
        ("Created a Report", "Report Created"),
        ("User Clicked Button", "Button Clicked"),
        ("user clicks button", "Button Clicked"),
        ("Button Click", "Button Clicked"),
        ("Page View", "Page Viewed"),
        ("User Login", "User Logged In"),
        ("login", "Logged In"),
        ("Sign Up", "Signed Up"),
        ("signup", "Signed Up"),
        ("Exporting Report", "Report Exported"),
        ("Export Report", "Report Exported"),
        ("report_generated", "Report Generated"),
        ("report-generated", "Report Generated"),
        ("report.generated", "Report Generated"),
        ("ReportGenerated", "Report Generated"),
        ("REPORT_GENERATED", "Report Generated"),
        ("REPORT GENERATED", "Report Generated"),
        ("Report generated", "Report Generated"),
        ("report generated", "Report Generated"),
        ("Report Generated ", "Report Generated"),
        ("Report  Generated", "Report Generated"),
        ("csv_exported", "CSV Exported"),
        ("invoice_dunned", "Invoice Dunned"),
        ("Account Created Event", "Account Created"),
        ("Dashboard", "Dashboard Viewed"),
        ("$pageview", "Page Viewed"),
        ("Search Results", "Search Results Viewed"),
        ("Open Settings", "Settings Opened"),
        ("write_note", "Note Written"),
        ("pay_invoice", "Invoice Paid"),
    ];
    for (name, better) in cases {
        check(name, &Grammar::Poor(Some(better.to_owned())));
        check(better, &Grammar::Fine);
    }
}

#[test]
fn names_without_a_better_one_are_told_without() {
    for name in ["Clicked", "click", "New Order", "Unsubscribed From Newsletter", "User Account", "Team"] {
        check(name, &Grammar::Poor(None));
    }
}

#[test]
fn names_that_may_be_another_language_are_not_judged() {
    let names = [
        "Bericht erstellt",
        "Rapport genere",
        "Informe creado",
        "Button geklickt",
        "Besked Sendt",
        "Besked",
        "Überweisung Erledigt",
        "レポート作成",
        "Отчёт создан",
        "Page Vue",
        "Session Demarree",
        "---",
        "",
        " ",
        "xyzzy",
    ];
    for name in names {
        check(name, &Grammar::Unknown);
    }
}

#[test]
fn data_in_names_is_found() {
    let cases = [
        ("Email jane@acme.com Sent", Some(Data::Email)),
        ("GET /users/1", Some(Data::Path)),
        ("/pricing", Some(Data::Path)),
        ("Viewed https://acme.com", Some(Data::Path)),
        ("user_123 Logged In", Some(Data::Id)),
        ("Report 7c9e6679-7425-40de-944b-e07fc1f90ae7 Generated", Some(Data::Id)),
        ("Deploy 9fceb02d Started", Some(Data::Id)),
        ("Order 12345 Paid", Some(Data::Number)),
        ("Order #12345 Paid", Some(Data::Number)),
        ("invoice_20417_paid", Some(Data::Number)),
        ("Black Friday 2026 Viewed", None),
        ("HTTP 404 Seen", None),
        ("Step 3 Completed", None),
        ("2FA Enabled", None),
        ("Import/Export Opened", None),
        ("Terms and/or Privacy Accepted", None),
        ("Q4 2026 Report Generated", None),
        ("iPhone 15 Selected", None),
        ("Facade Decade Added", None),
        ("COVID-19 Banner Closed", None),
        ("@mention Added", None),
    ];
    for (name, expected) in cases {
        assert_eq!(data(name), expected, "{name:?}");
    }
}

#[test]
fn shapes_are_alike_when_only_numbers_differ() {
    assert_eq!(shape("Item 7 Viewed"), shape("Item 123 Viewed"));
    assert_ne!(shape("Item 7 Viewed"), shape("Item 7 Opened"));
    assert_eq!(shape("Item Viewed"), None);
}

#[test]
fn noise_is_told_from_what_users_do() {
    let noise = [
        "Request",
        "HTTP Request",
        "api_request",
        "API Called",
        "Api Call Made",
        "Request Received",
        "Request Handled",
        "HTTP Request Completed",
        "Health Check",
        "healthcheck",
        "Health Check Performed",
        "Ping",
        "Heartbeat",
        "heartbeat_received",
        "GET /users",
        "POST /api/v1/orders",
        "Auth Middleware Run",
        "Cron Job Run",
        "Background Job Completed",
        "Endpoint Hit",
        "Incoming Request",
    ];
    for name in noise {
        assert!(is_noise(name), "{name:?}");
    }
    let fine = [
        "Demo Requested",
        "Request Approved",
        "Request Completed",
        "Request Sent",
        "Feature Requested",
        "Quote Request Received",
        "Call Made",
        "Call Completed",
        "Job Completed",
        "Job Posted",
        "Server Created",
        "Webhook Received",
        "Health Report Viewed",
        "Get Started Clicked",
        "Post Published",
        "Requested",
        "Called",
        "API Key Created",
        "Dashboard Viewed",
        "Session Started",
    ];
    for name in fine {
        assert!(!is_noise(name), "{name:?}");
    }
}
