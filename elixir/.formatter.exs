[
  line_length: 120,
  inputs: ["*.exs", "{lib,test,bench}/**/*.{ex,exs}"]
]
