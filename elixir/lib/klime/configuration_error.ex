defmodule Klime.ConfigurationError do
  @moduledoc """
  A client could not be started: an option is missing or out of its bounds. The message names the option, the value and the
  bounds; a write key is never shown.

      iex> Klime.Client.start_link(write_key: "")
      {:error, %Klime.ConfigurationError{message: "write_key is required"}}
  """

  @typedoc "Why a client could not be started."
  @type t :: %__MODULE__{message: String.t()}

  defexception message: "the configuration is not valid"
end
