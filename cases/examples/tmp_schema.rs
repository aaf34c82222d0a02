fn main() { println!("{}", serde_json::to_string_pretty(&cases::case::Case::json_schema()).unwrap()); }
