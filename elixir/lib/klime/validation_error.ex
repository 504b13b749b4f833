defmodule Klime.ValidationError do
  @moduledoc """
  Why Klime refused one event of a batch: its place in the batch from 0, what is wrong for people, and for programs.
  """

  @typedoc "Why one event was refused."
  @type t :: %__MODULE__{index: non_neg_integer(), message: String.t(), code: String.t()}

  defstruct index: 0, message: "", code: ""

  @doc """
  Reads one entry of an answer's `errors`.

      iex> Klime.ValidationError.from_map(%{"index" => 1, "message" => "userId is empty", "code" => "missing_field"})
      %Klime.ValidationError{index: 1, message: "userId is empty", code: "missing_field"}
  """
  @spec from_map(map()) :: t()
  def from_map(map) when is_map(map) do
    %__MODULE__{
      index: Klime.Wire.count(Klime.Wire.get(map, "index")),
      message: Klime.Wire.text(Klime.Wire.get(map, "message")),
      code: Klime.Wire.text(Klime.Wire.get(map, "code"))
    }
  end

  @doc false
  def from_native({index, message, code}), do: %__MODULE__{index: index, message: message, code: code}
end
